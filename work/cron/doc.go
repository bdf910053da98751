// Package cron says when a schedule is due. It decides and does nothing: the
// time is given to it, nothing is started.
//
//	30 2 * * MON          at 02:30 on Mondays
//	*/15 8-18 * * MON-FRI every quarter of an hour of a working day
//	0 30 4 L * *          six fields: the first is the second; L is the last day
//	0 9 * * FRI#2         the second Friday of the month; FRIL is the last one
//	@daily                @hourly @daily @midnight @weekly @monthly @yearly
//	every 10m             a fixed interval, counted from 1970-01-01 in UTC
//
// The fields are [second] minute hour day-of-month month day-of-week. Where
// both the day of the month and the day of the week are restricted, either is
// enough; a field that begins with * does not restrict in that sense, as in
// the cron of every Unix: "0 0 */2 * MON" is every Monday with an odd date.
//
// # When clocks change
//
// A time that the clock jumps over is due at the moment of the jump, once
// however many it jumps over; a time the clock shows twice is due once, the
// first time. Both are one rule: a schedule at 02:30 is due at the first moment
// at which the clock has reached 02:30.
//
// A schedule that names no hour ("*/15 * * * *") is meant by the elapsed time
// instead: it is due whenever the clock shows a time of it, also in the hour
// that comes twice, and an hour that is skipped has no times to make up for.
package cron
