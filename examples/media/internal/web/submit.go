package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/berth-project/berth/examples/media/internal/picture"
	"github.com/berth-project/berth/examples/media/internal/studio"
	"github.com/berth-project/berth/examples/media/internal/vault"
)

const (
	maxUpload = 20 << 20
	// inMemory is how much of an upload is kept in memory while it is read, in
	// bytes; the rest is in a temporary file.
	inMemory    = 1 << 20
	maxTitle    = 120 // characters, as in the workflow
	sampleSide  = 1600
	maxSample   = 6000
	floodSample = 240
)

// form is a form that was sent, with the token that makes sending it twice the
// same as once.
type form struct {
	caller
	key, title string
}

func (a *App) readForm(r *http.Request) (form, error) {
	c, err := editorOf(r)
	if err != nil {
		return form{}, err
	}
	if err := r.ParseMultipartForm(inMemory); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return form{}, err
		}
		return form{}, faultForm
	}
	f := form{c, r.PostForm.Get("key"), cmp.Or(strings.TrimSpace(r.PostForm.Get("title")), "Untitled")}
	if f.key == "" || len(f.key) > 100 || utf8.RuneCountInString(f.title) > maxTitle || !utf8.ValidString(f.title) {
		return form{}, faultForm
	}
	return f, nil
}

// source is the id of the image of this form: the same for the same form.
func (f form) source() string {
	sum := sha256.Sum256([]byte(f.key))
	return hex.EncodeToString(sum[:13])
}

// submit takes an image, uploaded or drawn, and submits a run for it.
func (a *App) submit(w http.ResponseWriter, r *http.Request) error {
	f, err := a.readForm(r)
	if err != nil {
		return err
	}
	defer func() {
		if r.MultipartForm != nil {
			_ = r.MultipartForm.RemoveAll() // temporary files, which the system removes in the end
		}
	}()
	if err := a.keepSource(r, f); err != nil {
		return err
	}
	id, err := a.cfg.Studio.Submit(r.Context(), f.Tenant, studio.Order{Source: f.source(), Title: f.title, Key: f.key})
	if err != nil {
		return err
	}
	seeOther(w, runPath(f.Tenant, id))
	return nil
}

// keepSource keeps the upload, or draws an image where there is none.
func (a *App) keepSource(r *http.Request, f form) error {
	upload, _, err := r.FormFile("image")
	switch {
	case errors.Is(err, http.ErrMissingFile), errors.Is(err, http.ErrNotMultipart):
		side, err := sideOf(r.PostForm.Get("side"))
		if err != nil {
			return err
		}
		return a.drawSource(f, side)
	case err != nil:
		return faultForm
	}
	defer upload.Close() //nolint:errcheck // it was read only
	if _, err := picture.Look(upload); err != nil {
		return err
	}
	if _, err := upload.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return a.writeSource(f, func(w io.Writer) error {
		_, err := io.Copy(w, upload)
		return err
	})
}

func sideOf(text string) (int, error) {
	if text == "" {
		return sampleSide, nil
	}
	side, err := strconv.Atoi(text)
	if err != nil || side < 64 || side > maxSample {
		return 0, &fault{http.StatusUnprocessableEntity, "A sample is 64 to 6000 pixels wide."}
	}
	return side, nil
}

// drawSource draws an image, another one for each form.
func (a *App) drawSource(f form, side int) error {
	sum := sha256.Sum256([]byte(f.key))
	img := picture.Sample(binary.BigEndian.Uint64(sum[:]), side, side*3/4)
	return a.writeSource(f, func(w io.Writer) error { return picture.EncodePNG(w, img) })
}

func (a *App) writeSource(f form, write func(io.Writer) error) error {
	files, err := vault.Open(a.cfg.Data, f.Tenant)
	if err != nil {
		return err
	}
	defer files.Close() //nolint:errcheck // a directory
	if have, err := files.Open(vault.Source(f.source())); err == nil {
		return have.Close() // the form was sent before: a run may be reading it
	}
	_, err = files.Write(vault.Source(f.source()), write)
	return err
}

// flood submits a great many runs at once, to see what becomes of others.
func (a *App) flood(w http.ResponseWriter, r *http.Request) error {
	f, err := a.readForm(r)
	if err != nil {
		return err
	}
	if !f.Manages {
		return faultRole
	}
	n, err := strconv.Atoi(r.PostForm.Get("n"))
	if err != nil || n < 1 || n > studio.MaxFlood {
		return &fault{http.StatusUnprocessableEntity, "A flood is 1 to 1000 runs."}
	}
	if err := a.drawSource(f, floodSample); err != nil {
		return err
	}
	order := studio.Order{Source: f.source(), Title: "Flood", Widths: []int{120, 60}, Key: f.key}
	if err := a.cfg.Studio.Flood(context.WithoutCancel(r.Context()), f.Tenant, order, n); err != nil {
		return err
	}
	seeOther(w, "/"+f.Tenant+"/?done=flood")
	return nil
}
