package synth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Call is one recorded API call.
type Call struct {
	// Name is "Service.Operation" as SDKs call it: "S3.ListObjectsV2".
	Name string `json:"call,omitempty"`
	// Parameters are the call's parameters, as far as they are known.
	Parameters map[string]any `json:"parameters,omitempty"`
	// Action and Resource are what was authorised, where the recorder knows: the
	// decision log of an endpoint does. Name is not needed then.
	Action   string `json:"action,omitempty"`
	Resource string `json:"resource,omitempty"`
	// Principal is who called: an ARN, or any name the recorder gives a program.
	Principal string `json:"principal,omitempty"`
	Region    string `json:"region,omitempty"`
	Account   string `json:"account,omitempty"`
	// Failed is set where the call was refused or went wrong.
	Failed bool `json:"failed,omitempty"`
	// Line is where the call stands in the file it was read from.
	Line int `json:"-"`
}

// limits of a recording.
const (
	maxRecording = 256 << 20
	maxCalls     = 2_000_000
)

// ReadCalls reads a recording: a JSON object a line, each a [Call]; the same as
// one array; events of client-side monitoring, as SDKs send them; or a
// CloudTrail file ({"Records": [...]}). An error names the line.
func ReadCalls(data []byte) ([]Call, error) {
	if len(data) > maxRecording {
		return nil, fmt.Errorf("the recording is larger than %d MiB", maxRecording>>20)
	}
	r := callReader{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	for {
		at := r.line()
		var raw json.RawMessage
		if err := r.dec.Decode(&raw); errors.Is(err, io.EOF) {
			return r.calls, nil
		} else if err != nil {
			return nil, fmt.Errorf("line %d: not JSON: %w", r.line(), err)
		}
		if err := r.value(raw, at); err != nil {
			return nil, fmt.Errorf("line %d: %w", at, err)
		}
	}
}

type callReader struct {
	data  []byte
	dec   *json.Decoder
	calls []Call
	// counted is how far lines have been counted, and lines how many.
	counted, lines int
}

// line returns the line of the next value.
func (r *callReader) line() int {
	at := int(r.dec.InputOffset())
	for at < len(r.data) && strings.IndexByte(" \t\r\n", r.data[at]) >= 0 {
		at++
	}
	r.lines += bytes.Count(r.data[r.counted:at], []byte("\n"))
	r.counted = at
	return r.lines + 1
}

// value takes one value of the file: a call, an array of calls or a trail.
func (r *callReader) value(raw json.RawMessage, line int) error {
	if raw[0] == '[' {
		var list []json.RawMessage
		if err := json.Unmarshal(raw, &list); err != nil {
			return err
		}
		for i, one := range list {
			if err := r.call(one, line); err != nil {
				return fmt.Errorf("call %d: %w", i, err)
			}
		}
		return nil
	}
	var trail struct{ Records []json.RawMessage }
	if err := json.Unmarshal(raw, &trail); err == nil && trail.Records != nil {
		for i, one := range trail.Records {
			if err := r.call(one, line); err != nil {
				return fmt.Errorf("record %d: %w", i, err)
			}
		}
		return nil
	}
	return r.call(raw, line)
}

// recorded is a call in any of the forms it is recorded in.
type recorded struct {
	Call
	// Client-side monitoring.
	Type, Service, API, Region string
	FinalHTTPStatusCode        int `json:"FinalHttpStatusCode"`
	// CloudTrail.
	EventSource       string
	EventName         string
	AWSRegion         string `json:"awsRegion"`
	RecipientAccount  string `json:"recipientAccountId"`
	ErrorCode         string
	RequestParameters map[string]any
	UserIdentity      struct {
		ARN            string `json:"arn"`
		SessionContext struct {
			SessionIssuer struct {
				ARN string `json:"arn"`
			}
		}
	}
	Resources []struct {
		ARN string `json:"ARN"`
	}
}

func (r *callReader) call(raw json.RawMessage, line int) error {
	if len(r.calls) >= maxCalls {
		return fmt.Errorf("more than %d calls", maxCalls)
	}
	var in recorded
	if err := json.Unmarshal(raw, &in); err != nil {
		return err
	}
	c := in.Call
	switch {
	case in.EventSource != "":
		c = in.trail()
	case in.Type != "":
		if in.Type != "ApiCall" {
			return nil // an attempt of a call that is there as a whole too
		}
		c = Call{Name: in.Service + "." + in.API, Region: in.Region, Failed: in.FinalHTTPStatusCode >= 400}
	}
	if c.Name == "" && c.Action == "" {
		return errors.New(`it has neither "call" nor "action"`)
	}
	if c.Region == "" {
		c.Region = in.Region
	}
	c.Line = line
	r.calls = append(r.calls, c)
	return nil
}

// trail is a CloudTrail record as a call.
func (in *recorded) trail() Call {
	c := Call{
		Name:       strings.TrimSuffix(in.EventSource, ".amazonaws.com") + "." + in.EventName,
		Parameters: in.RequestParameters, Region: in.AWSRegion, Account: in.RecipientAccount,
		Principal: in.UserIdentity.SessionContext.SessionIssuer.ARN, Failed: in.ErrorCode != "",
	}
	if c.Principal == "" {
		c.Principal = in.UserIdentity.ARN
	}
	for _, res := range in.Resources {
		if c.Parameters == nil {
			c.Parameters = map[string]any{}
		}
		if res.ARN != "" {
			c.Parameters["resource "+res.ARN] = res.ARN
		}
	}
	return c
}
