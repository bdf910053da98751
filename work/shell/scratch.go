package shell

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/berth-project/berth/work"
)

// The files of an attempt's directory.
const (
	payloadFile  = "payload.json"
	stateFile    = "state.json"
	resultFile   = "result.json"
	progressFile = "progress"
)

// lockSuffix makes the name of an attempt's lock of that of its directory. The
// lock is held as long as the Berth that made it lives; it lies beside the
// directory, where the program cannot reach it.
const lockSuffix = ".lock"

// scratch is the directory of one attempt.
type scratch struct {
	path string
	lock *os.File
	uid  int // who the program runs as
	// reader and writer are the two ends of the progress pipe; keeping one for
	// writing open means that the reader sees no end before its time.
	reader, writer *os.File
}

// scratchBase returns the directory that the attempts' directories are in, and
// makes it. Programs that run as somebody else may pass through it, not look.
func scratchBase(path string) (string, error) {
	if path == "" {
		path = filepath.Join(os.TempDir(), "berth-steps-"+strconv.Itoa(os.Geteuid()))
	}
	if err := os.MkdirAll(path, 0o711); err != nil {
		return "", err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || ok && int(stat.Uid) != os.Geteuid() || info.Mode()&0o022 != 0 {
		return "", fmt.Errorf("%s: not a directory that is Berth's own: others could change what steps are given; remove it, or name another", path)
	}
	return path, nil
}

// newScratch makes the directory of an attempt, for cred.
func newScratch(base string, task work.Task, payload []byte, cred *syscall.Credential) (*scratch, error) {
	path, err := os.MkdirTemp(base, fmt.Sprintf("%s-%d-*", task.Run, task.Fence))
	if err != nil {
		return nil, err
	}
	s := &scratch{path: path, uid: os.Geteuid()}
	if cred != nil {
		s.uid = int(cred.Uid)
	}
	if err := s.fill(task, payload, cred); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

func (s *scratch) fill(task work.Task, payload []byte, cred *syscall.Credential) error {
	var err error
	if s.lock, err = lock(s.path + lockSuffix); err != nil {
		return err
	}
	if payload == nil {
		payload = []byte("null")
	}
	files := map[string][]byte{payloadFile: payload}
	if task.State != nil {
		files[stateFile] = task.State
	}
	for name, data := range files {
		if err := os.WriteFile(s.file(name), data, 0o600); err != nil {
			return err
		}
	}
	if err := s.openProgress(); err != nil {
		return err
	}
	if cred == nil {
		return nil
	}
	for _, name := range []string{payloadFile, stateFile, progressFile, "."} {
		err := os.Lchown(s.file(name), int(cred.Uid), int(cred.Gid))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *scratch) openProgress() error {
	path := s.file(progressFile)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		return fmt.Errorf("progress pipe: %w", err)
	}
	var err error
	if s.reader, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err != nil {
		return err
	}
	s.writer, err = os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	return err
}

func (s *scratch) file(name string) string { return filepath.Join(s.path, name) }

// mark is a variable that the processes of this attempt have and no others.
func (s *scratch) mark() string { return "BERTH_RESULT_FILE=" + s.file(resultFile) }

// cgroup is the name of this attempt's control group.
func (s *scratch) cgroup() string { return "berth-step-" + filepath.Base(s.path) }

// result reads the result file; nil when there is none. The program may have
// put anything there: links are not followed out of the directory, pipes and
// devices not read, and a file of somebody else, which it may have linked without
// the right to read it, is not Berth's to read for it.
func (s *scratch) result(most int64) ([]byte, error) {
	root, err := os.OpenRoot(s.path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(resultFile, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	stat, known := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case known && int(stat.Uid) != s.uid:
		return nil, errors.New("it is somebody else's file")
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(data)) > most {
		return nil, errTooLarge
	}
	return data, err
}

// remove removes the directory and everything in it.
func (s *scratch) remove() {
	for _, f := range []*os.File{s.reader, s.writer} {
		if f != nil {
			_ = f.Close()
		}
	}
	removeAll(s.path)
	if s.lock != nil {
		_ = os.Remove(s.lock.Name()) // while it is locked: nobody takes it for abandoned
		_ = s.lock.Close()
	}
}

// removeAll removes a directory, also where the program has taken its own
// right to write from directories in it. It changes no mode of anything
// elsewhere: a program that lives on may put a link where a directory was.
func removeAll(path string) {
	base, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return
	}
	defer base.Close() //nolint:errcheck // a directory that was only read
	name := filepath.Base(path)
	if base.RemoveAll(name) == nil {
		return
	}
	_ = fs.WalkDir(base.FS(), name, func(p string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = base.Chmod(p, 0o700)
		}
		return nil
	})
	_ = base.RemoveAll(name)
}

// lock makes a file and locks it.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return f, nil
}

// environment returns what the program of an attempt is given.
func environment(task work.Task, s *scratch, p *program, opts Options) []string {
	vars := map[string]string{"PATH": opts.Path, "HOME": s.path, "TMPDIR": s.path}
	for _, more := range []map[string]string{opts.Environment, p.variables} {
		for name, value := range more {
			vars[name] = value
		}
	}
	vars["BERTH_RUN"], vars["BERTH_STEP"] = task.Run.String(), task.Step
	vars["BERTH_ATTEMPT"] = strconv.Itoa(task.Attempt)
	vars["BERTH_FENCE"] = strconv.FormatUint(uint64(task.Fence), 10)
	vars["BERTH_KEY"], vars["BERTH_TENANT"] = task.Key, task.Tenant
	vars["BERTH_PAYLOAD_FILE"], vars["BERTH_RESULT_FILE"] = s.file(payloadFile), s.file(resultFile)
	vars["BERTH_PROGRESS_FILE"] = s.file(progressFile)
	if task.Item >= 0 {
		vars["BERTH_ITEM"] = strconv.Itoa(task.Item)
	}
	if task.State != nil {
		vars["BERTH_STATE_FILE"] = s.file(stateFile)
	}
	if p.input == InputEnv {
		vars["BERTH_PAYLOAD"] = string(p.payload)
	}
	env := make([]string, 0, len(vars))
	for name, value := range vars {
		env = append(env, name+"="+strings.ReplaceAll(value, "\x00", ""))
	}
	return env
}
