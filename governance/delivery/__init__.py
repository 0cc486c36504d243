"""Alerts on their way to channels.

destination  address and secret of a channel, sealed
words        what a message says: labels, amounts, a link
wire         the HTTP request of each kind of channel
outbox       taking what is due, and noting what became of it
sending      the round that the timetable calls
"""
