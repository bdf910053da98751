package login

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"

	"github.com/berth-project/berth/secret"
)

const maxBody = 16 << 10

var (
	errMediaType = errors.New("neither a form nor JSON")
	errBody      = errors.New("malformed body")
	errTooLarge  = errors.New("body too large")
)

// readSubmission reads a sign-in form, or the JSON document of a program. The
// error is errMediaType, errBody or errTooLarge.
func readSubmission(w http.ResponseWriter, r *http.Request) (submission, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return submission{}, errMediaType
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	switch media {
	case "application/json":
		in, err := readJSON(r.Body)
		return in, bodyError(err)
	case "application/x-www-form-urlencoded":
		err := r.ParseForm()
		f := r.PostForm
		return submission{email: f.Get("email"), password: secret.New(f.Get("password")), next: f.Get("next")}, bodyError(err)
	}
	return submission{}, errMediaType
}

// readJSON takes exactly one object with exactly these members.
func readJSON(body io.Reader) (submission, error) {
	var doc struct {
		Email    string        `json:"email"`
		Password secret.String `json:"password"`
	}
	dec := json.NewDecoder(body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return submission{json: true}, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return submission{json: true}, errBody
	}
	return submission{email: doc.Email, password: doc.Password, json: true}, nil
}

// bodyError leaves the decoder's own words out: they may quote the body, and
// with it a password.
func bodyError(err error) error {
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return errTooLarge
	}
	return errBody
}
