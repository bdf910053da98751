package builtin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/itchyny/gojq"

	"github.com/berth-project/berth/work/internal/cause"
)

// maxQuery bounds the text of a jq program, in bytes.
const maxQuery = 64 << 10

// query returns the one value that a jq program yields for input. The program
// has no modules, no environment and no further inputs.
func query(ctx context.Context, text string, input json.RawMessage) (json.RawMessage, error) {
	if len(text) > maxQuery {
		return nil, fmt.Errorf("jq: the program has %d bytes, more than the %d allowed", len(text), maxQuery)
	}
	parsed, err := gojq.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("jq: %w", err)
	}
	code, err := gojq.Compile(parsed)
	if err != nil {
		return nil, fmt.Errorf("jq: %w", err)
	}
	var value any
	dec := json.NewDecoder(bytes.NewReader(orNull(input)))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	return only(ctx, code.RunWithContext(ctx, value))
}

// only returns the value of an iterator that has to have one.
func only(ctx context.Context, values gojq.Iter) (json.RawMessage, error) {
	first, ok := values.Next()
	if err := queryError(ctx, first); err != nil {
		return nil, err
	}
	if !ok {
		return nil, failedForGood("transform", "the jq program yields nothing: end it with // null to mean null")
	}
	second, more := values.Next()
	if err := queryError(ctx, second); err != nil {
		return nil, err
	}
	if more {
		return nil, failedForGood("transform", "the jq program yields more than one value: put it in [ ] to make them an array")
	}
	output, err := gojq.Marshal(first)
	if err != nil {
		return nil, failedForGood("transform", "jq: %v", err)
	}
	return output, nil
}

func queryError(ctx context.Context, value any) error {
	err, ok := value.(error)
	switch {
	case !ok:
		return nil
	case ctx.Err() != nil:
		return failed(cause.Code(ctx), "the jq program was ended: %v", context.Cause(ctx))
	}
	return failedForGood("transform", "jq: %v", err)
}
