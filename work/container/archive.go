package container

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/berth-project/berth/work"
)

// The files of a program.
const (
	directory   = "/berth"
	payloadFile = directory + "/payload.json"
	stateFile   = directory + "/state.json"
	resultFile  = directory + "/result.json"
)

var errTooLarge = errors.New("too large")

// files returns the archive that fills a container's directory. The result is
// there from the beginning, empty, so that any user can write it.
func files(task work.Task, payload []byte, user string) []byte {
	uid, gid := owner(user)
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	add := func(path string, mode int64, data []byte) {
		// Into memory, of a size that is known: writing cannot fail.
		_ = w.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: strings.TrimPrefix(path, directory+"/"), Mode: mode, Size: int64(len(data)),
			Uid: uid, Gid: gid, ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
		})
		_, _ = w.Write(data)
	}
	if len(payload) == 0 {
		payload = []byte("null")
	}
	add(payloadFile, 0o444, payload)
	if task.State != nil {
		add(stateFile, 0o444, task.State)
	}
	add(resultFile, 0o666, nil)
	_ = w.Close()
	return out.Bytes()
}

// owner returns the numbers of a user "1000:1000", 0 for what is not a number.
func owner(user string) (uid, gid int) {
	first, second, _ := strings.Cut(user, ":")
	uid, _ = strconv.Atoi(first)
	gid, _ = strconv.Atoi(second)
	return uid, gid
}

// readFile reads the one regular file of an archive. The program may have put
// anything there: links are not followed.
func readFile(archive io.Reader, most int64) ([]byte, error) {
	r := tar.NewReader(archive)
	header, err := r.Next()
	if err != nil {
		return nil, fmt.Errorf("archive: %w", err)
	}
	if header.Typeflag != tar.TypeReg {
		return nil, errors.New("it is not a regular file")
	}
	if header.Size > most {
		return nil, errTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, errTooLarge
	}
	return data, err
}
