package workflow

import (
	"encoding/json"
	"fmt"
)

// OnError is what the failure of a step means for its run. The zero value lets
// the run fail.
//
//	"on-error": "fail"
//	"on-error": "continue"
//	"on-error": {"run": "clean-up"}
//	"on-error": {"run": "clean-up", "then": "continue"}
type OnError struct {
	// Run names a step that runs when this one has failed: a handler. It sees
	// the failure in steps.NAME.error. Where it succeeds the run goes on.
	Run string
	// Continue lets the run go on as if the step had succeeded without output,
	// whatever became of the handler.
	Continue bool
}

// The words of [OnError].
const (
	wordFail     = "fail"
	wordContinue = "continue"
)

// onErrorObject is the long form.
type onErrorObject struct {
	Run  string `json:"run" required:"true"`
	Then string `json:"then,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (o OnError) MarshalJSON() ([]byte, error) {
	then := ""
	if o.Continue {
		then = wordContinue
	}
	switch {
	case o.Run != "":
		return json.Marshal(onErrorObject{Run: o.Run, Then: then})
	case o.Continue:
		return json.Marshal(wordContinue)
	}
	return json.Marshal(wordFail)
}

// UnmarshalJSON implements [json.Unmarshaler].
func (o *OnError) UnmarshalJSON(data []byte) error {
	var long onErrorObject
	var then string
	if err := json.Unmarshal(data, &then); err != nil {
		if err := json.Unmarshal(data, &long); err != nil {
			return fmt.Errorf(`on-error is %.40s: write "fail", "continue" or {"run": STEP}`, data)
		}
		then = long.Then
	}
	switch then {
	case "", wordFail, wordContinue:
		*o = OnError{Run: long.Run, Continue: then == wordContinue}
		return nil
	}
	return fmt.Errorf(`on-error is %.40q: write "fail", "continue" or {"run": STEP}`, then)
}
