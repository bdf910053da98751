package step

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/berth-project/berth/examples/media/internal/vault"
)

// Released is what package answers, and with it the run.
type Released struct {
	// Package is a zip of Files and of a list of their checksums, as sha256sum
	// checks it.
	Package vault.File `json:"package"`
	// Sums is that list, which is beside the package, too.
	Sums  vault.File `json:"sums"`
	Files []Made     `json:"files"`
}

// Names are the names of everything that people can get.
func (r Released) Names() []string {
	return append([]string{r.Package.Name, r.Sums.Name}, names(r.Files)...)
}

// Record is what the library keeps of a run.
type Record struct {
	Run    string `json:"run"`
	Title  string `json:"title"`
	Source Probed `json:"source"`
	Released
	At time.Time `json:"at"`
}

// The names that package gives.
const (
	PackageName = "package.zip"
	SumsName    = "SHA256SUMS"
)

// packed is the time of all files in a package: the earliest a zip can hold.
var packed = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// pack puts everything where people get it, and into one file.
func pack(j Job) (any, error) {
	var with struct {
		Files [][]Made `json:"files"`
	}
	if err := j.read(&with); err != nil {
		return nil, err
	}
	out := Released{Files: slices.Concat(with.Files...)}
	var list strings.Builder
	for i, made := range out.Files {
		j.Progress(0.5*float64(i)/float64(len(out.Files)), made.Name)
		if err := j.release(made); err != nil {
			return nil, err
		}
		fmt.Fprintf(&list, "%s  %s\n", made.SHA256, made.Name)
	}
	var err error
	if out.Sums, err = j.Files.Write(vault.Result(j.Run, SumsName), func(w io.Writer) error {
		_, err := io.WriteString(w, list.String())
		return err
	}); err != nil {
		return nil, err
	}
	j.Progress(0.5, PackageName)
	out.Package, err = j.Files.Write(vault.Result(j.Run, PackageName), func(w io.Writer) error { return j.zip(w, out) })
	return out, err
}

// release copies a file to the results and checks that it is the one that was
// made.
func (j Job) release(made Made) error {
	f, err := j.Files.Open(vault.Work(j.Run, made.Name))
	if err != nil {
		return err
	}
	defer closeFile(f)
	got, err := j.Files.Write(vault.Result(j.Run, made.Name), func(w io.Writer) error {
		_, err := io.Copy(w, f)
		return err
	})
	if err == nil && got != made.File {
		return &Failure{"media.checksum", fmt.Sprintf("%s is not the file that was made: its SHA-256 is %s, not %s", made.Name, got.SHA256, made.SHA256), true}
	}
	return err
}

// zip writes the package. Images are compressed already: they are stored.
func (j Job) zip(w io.Writer, out Released) error {
	z := zip.NewWriter(w)
	for _, name := range append([]string{out.Sums.Name}, names(out.Files)...) {
		// With one time for all, so that the same files make the same package.
		entry, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store, Modified: packed})
		if err != nil {
			return err
		}
		f, err := j.Files.Open(vault.Result(j.Run, name))
		if err != nil {
			return err
		}
		if _, err = io.Copy(entry, f); err != nil {
			return errors.Join(err, f.Close())
		}
		closeFile(f)
	}
	return z.Close()
}

func names(files []Made) []string {
	var all []string
	for _, f := range files {
		all = append(all, f.Name)
	}
	return all
}

// notify records the run in the tenant's library, which people see.
func notify(j Job) (any, error) {
	var with struct {
		Title  string   `json:"title"`
		Source Probed   `json:"source"`
		Result Released `json:"result"`
	}
	if err := j.read(&with); err != nil {
		return nil, err
	}
	record, err := json.Marshal(Record{Run: j.Run, Title: with.Title, Source: with.Source, Released: with.Result, At: time.Now().UTC()})
	if err != nil {
		return nil, err
	}
	return map[string]string{"library": j.Run}, j.Files.Publish(j.Run, record)
}

// cleanup removes what only the steps needed. Where there is no package a retry
// goes on from it: then only what killed attempts left is removed, and the rest
// by the app when nobody has retried for a day.
func cleanup(j Job) (any, error) {
	var with struct {
		Package string `json:"package"`
	}
	if err := j.read(&with); err != nil {
		return nil, err
	}
	if err := j.Files.Tidy(j.Run); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if with.Package != "succeeded" {
		return map[string]bool{"kept": true}, nil
	}
	return map[string]bool{"kept": false}, j.Files.Forget(j.Run)
}
