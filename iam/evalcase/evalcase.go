// Package evalcase reads and runs recorded decisions: a request, the policies
// that apply, and what the answer must be. It is how a team pins down what its
// policies are meant to allow, and how the evaluator itself is tested.
//
//	suite, err := evalcase.Parse(text)
//	for _, c := range suite.Cases {
//		if r := c.Run(); !r.Pass {
//			fmt.Println(r.ID, r.Differences)
//		}
//	}
//
// # The file
//
//	{"format": "iam-eval-cases/1",
//	 "cases": [{
//	   "id": "reads-own-home", "title": "…", "confidence": "high",
//	   "request": {
//	     "principal": {"type": "user", "arn": "arn:aws:iam::111122223333:user/dev", "account": "111122223333"},
//	     "action": "s3:GetObject", "resource": "arn:aws:s3:::data/home/dev/x", "resourceAccount": "111122223333",
//	     "context": {"aws:username": "dev", "aws:TagKeys": ["a", "b"]}},
//	   "policies": {"identity": [{…}], "resource": {…}, "boundary": {…}, "session": [{…}],
//	     "scps": [[{…}], [{…}]], "rcps": [[{…}]], "endpoint": {…}},
//	   "options": {"resourceType": "role-trust"},
//	   "expect": {"decision": "Allow", "reason": "allow-identity",
//	     "decidingStatement": {"policy": "identity[0]", "index": 0, "sid": "Home"}}}]}
//
// The context is complete: no key is derived from the principal or the clock,
// and one that is not there is absent. A text is a single value, a list those of
// a multivalued key. Control policies are lists of levels from the root down.
//
// Cases that people write can be shorter. A principal may be its ARN, the name of
// a service or "anonymous", as [iam.ParsePrincipal] reads it; a resourceAccount
// that is left out is the account in the ARN of the resource, else the caller's.
// With [ParseFiles] a policy may be the name of a file, so that what is tested is
// what is deployed:
//
//	"policies": {"identity": ["policies/web.json"], "boundary": "boundary.json"}
package evalcase

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/berth-project/berth/iam"
)

// Format is the format of files that [Parse] reads.
const Format = "iam-eval-cases/1"

// maxText is the longest file [Parse] reads, in bytes.
const maxText = 64 << 20

// Suite is a file of cases.
type Suite struct {
	Cases []Case
}

// Case is one recorded decision.
type Case struct {
	ID    string
	Title string
	// Confidence is how sure it is that the vendor decides so: "high" is
	// documented, "medium" documented indirectly or disputed, "low" the best
	// reading.
	Confidence string
	Request    iam.Request
	Policies   iam.PolicySet
	Expect     Expectation
	// Err is why the case cannot be run; the others of its file can.
	Err error
}

// Expectation is what the answer must be.
type Expectation struct {
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
	// Deciding is the statement that must be among those that decided; nil where
	// that does not matter.
	Deciding *Deciding `json:"decidingStatement"`
	// NearMiss is what must be among the near misses; nil where that does not
	// matter.
	NearMiss *NearMiss `json:"nearMiss"`
}

// Deciding names a statement: "identity[1]", 0, "Read". An empty sid is not
// looked at.
type Deciding struct {
	Policy string `json:"policy"`
	Index  int    `json:"index"`
	Sid    string `json:"sid"`
}

// NearMiss names a statement and the element it failed in. Operator and key are
// not looked at where they are empty.
type NearMiss struct {
	Policy   string `json:"policy"`
	Index    int    `json:"index"`
	Element  string `json:"element"`
	Operator string `json:"operator"`
	Key      string `json:"key"`
}

// Parse reads a file of cases. The error is about the file as a whole; a case
// that cannot be read has its own in Err.
func Parse(text []byte) (*Suite, error) { return ParseFiles(text, nil) }

// ParseFiles is [Parse] for cases that name files of policies. Names are those of
// the file system: slashes between, and nothing above its root.
func ParseFiles(text []byte, files fs.FS) (*Suite, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("cases: file of %d bytes is longer than %d: split it", len(text), maxText)
	}
	var file struct {
		Format string
		Notes  json.RawMessage
		Cases  []json.RawMessage
	}
	if err := decode(text, &file); err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	if file.Format != Format {
		return nil, fmt.Errorf("cases: format %q is not known: want %q", file.Format, Format)
	}
	s := &Suite{}
	for i, raw := range file.Cases {
		c := parseCase(raw, files)
		if c.ID == "" {
			c.ID = fmt.Sprintf("cases[%d]", i)
		}
		s.Cases = append(s.Cases, c)
	}
	return s, nil
}

// decode reads one JSON value with no key that is not known.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("text goes on behind the value, at byte %d", d.InputOffset())
	}
	return nil
}
