#!/bin/sh
# Executes a step of type "resize": its "with" comes on stdin, its output goes
# to stdout as JSON, and what is said on stderr is its log. It only pretends.
with=$(cat)
file=$(printf %s "$with" | sed 's/.*"file":"\([^"]*\)".*/\1/')
size=$(printf %s "$with" | sed 's/.*"size":\([0-9]*\).*/\1/')
echo "::progress 50 reading $file" >&2
echo "attempt $BERTH_ATTEMPT of $BERTH_KEY" >&2
printf '{"file": "%s-%s.png"}\n' "${file%.png}" "$size"
