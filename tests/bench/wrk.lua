-- Sends one prepared request per token in turn and prints the outcome as one line of JSON.
-- Arguments: path, file with the body, file with "name: value" header lines, file with one bearer token a line.

local function lines(name)
  local found = {}
  for line in io.lines(name) do
    found[#found + 1] = line
  end
  return found
end

local function read(name)
  local file = assert(io.open(name, "rb"))
  local content = file:read("*a")
  file:close()
  return content
end

local prepared = {}
local turn = 0

function init(args)
  local path, body = args[1], read(args[2])
  local headers = { ["content-type"] = "application/json" }
  for _, line in ipairs(lines(args[3])) do
    local name, value = line:match("^([^:]+): (.*)$")
    headers[name] = value
  end
  local tokens = lines(args[4])
  if #tokens == 0 then
    prepared[1] = wrk.format("POST", path, headers, body)
  end
  for index, token in ipairs(tokens) do
    headers["authorization"] = "Bearer " .. token
    prepared[index] = wrk.format("POST", path, headers, body)
  end
end

function request()
  turn = turn % #prepared + 1
  return prepared[turn]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"microseconds":%d,"requests":%d,"refused":%d,"broken":%d,"p50":%d,"p95":%d,"p99":%d}\n',
    summary.duration, summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
