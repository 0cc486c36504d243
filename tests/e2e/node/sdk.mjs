// OpenAI's Node SDK, unchanged, against the gateway that the environment names. Exits 0 when all of it held.
import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.env.GATEWAY_URL + "/v1", apiKey: process.env.GATEWAY_KEY, maxRetries: 0 });
const messages = [{ role: "user", content: "Hello" }];
const tools = [{ type: "function", function: { name: "get_weather", parameters: { type: "object", properties: {} } } }];

const completion = await client.chat.completions.create({ model: "helper", messages });
assert.ok(completion.choices[0].message.content);
assert.ok(completion.usage.total_tokens > 0);

let text = "";
let usage = null;
const stream = await client.chat.completions.create({
  model: "helper", messages, stream: true, stream_options: { include_usage: true },
});
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
assert.ok(text);
assert.ok(usage.completion_tokens > 0);

const metadata = { dummy: 'tool=get_weather args={"city":"Oslo"}' };
const called = await client.chat.completions.create({ model: "helper", messages, tools, metadata });
assert.equal(called.choices[0].finish_reason, "tool_calls");
const running = client.chat.completions.stream({ model: "helper", messages, tools, metadata });
const final = await running.finalChatCompletion();
assert.deepEqual(JSON.parse(final.choices[0].message.tool_calls[0].function.arguments), { city: "Oslo" });

await assert.rejects(client.chat.completions.create({ model: "nothing", messages }), (error) => {
  assert.ok(error instanceof OpenAI.NotFoundError);
  assert.equal(error.code, "model_not_found");
  assert.ok(error.requestID);
  return true;
});
await assert.rejects(
  client.chat.completions.create({ model: "helper", messages, metadata: { dummy: "status=500" } }, { maxRetries: 1 }),
  OpenAI.APIError,
);
const names = [];
for await (const model of client.models.list()) names.push(model.id);
assert.deepEqual(names, ["helper"]);
console.log("node sdk: all held");
