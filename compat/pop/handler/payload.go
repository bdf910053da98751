package handler

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The variables that carry a payload.
const (
	envType       = "POP_PAYLOAD_TYPE"
	envPayload    = "PAYLOAD"
	envCompressed = "POP_COMPRESSED_PAYLOAD_"

	typePlain      = "envVar"
	typeCompressed = "compressedEnvVar"
)

// Limits of payloads. Linux takes 128 KiB as one variable.
const (
	// maxPlain is how long a payload may be, in bytes, that is not compressed.
	maxPlain = 64 << 10
	// segment is how many characters of a compressed one a variable takes.
	segment = 100_000
	// MaxCompressed is how many characters a compressed payload may have: more
	// does not fit into the environment of a program.
	MaxCompressed = 1 << 20
	// maxInflated bounds what a compressed payload may become.
	maxInflated = 64 << 20
)

// Variable is one of a handler's environment.
type Variable struct {
	Name, Value string
	// Field names a field of the pod that is the value.
	Field string
}

// pack returns the variables for a payload.
func pack(payload json.RawMessage) ([]Variable, error) {
	if len(payload) == 0 {
		payload = json.RawMessage("null")
	}
	if len(payload) <= maxPlain {
		return []Variable{{Name: envType, Value: typePlain}, {Name: envPayload, Value: string(payload)}}, nil
	}
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	if _, err := z.Write(payload); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	text := base64.StdEncoding.EncodeToString(b.Bytes())
	if len(text) > MaxCompressed {
		return nil, fmt.Errorf("the payload has %d characters when it is compressed, at most %d fit into an environment: keep it elsewhere and give the operation a reference", len(text), MaxCompressed)
	}
	vars := []Variable{{Name: envType, Value: typeCompressed}}
	for n := 0; len(text) > 0; n++ {
		part := text[:min(segment, len(text))]
		text = text[len(part):]
		vars = append(vars, Variable{Name: envCompressed + strconv.Itoa(n), Value: part})
	}
	return vars, nil
}

// Payload returns the payload that a handler finds in its environment: for handlers
// that are written in Go. lookup is [os.LookupEnv].
func Payload(lookup func(name string) (string, bool)) (json.RawMessage, error) {
	if kind, _ := lookup(envType); kind != typeCompressed {
		payload, ok := lookup(envPayload)
		if !ok {
			return nil, errors.New("there is no payload: " + envPayload + " is not set")
		}
		return json.RawMessage(payload), nil
	}
	var text strings.Builder
	for n := range MaxCompressed/segment + 1 {
		part, ok := lookup(envCompressed + strconv.Itoa(n))
		if !ok {
			break
		}
		text.WriteString(part)
	}
	z, err := zlib.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text.String())))
	if err != nil {
		return nil, fmt.Errorf("compressed payload: %w", err)
	}
	payload, err := io.ReadAll(io.LimitReader(z, maxInflated+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("compressed payload: %w", err)
	case len(payload) > maxInflated:
		return nil, fmt.Errorf("compressed payload is larger than %d bytes", maxInflated)
	}
	return payload, nil
}
