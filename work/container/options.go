package container

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/berth-project/berth/secret"
	"github.com/berth-project/berth/work"
	"github.com/berth-project/berth/work/internal/with"
	"github.com/berth-project/berth/workflow"
	"github.com/berth-project/berth/workflow/machine"
)

// Options is what the operator allows. The zero value allows nothing.
type Options struct {
	// Socket is where the engine listens. Default /var/run/docker.sock.
	Socket string
	// Scope tells the containers of one Berth from those of others on the same
	// engine: letters, digits, "_", "." and "-". Default "berth".
	Scope string
	// Images are the images of step types, by type.
	Images map[string]Image
	// Free lets steps of type "container" name their own image. Nil refuses
	// them.
	Free *Free
	// Environment is what every program is given besides Berth's variables.
	Environment map[string]string
	// Secrets returns a secret that an operator's image or a document names. It
	// decides whether the task may have it. Nil has none.
	Secrets func(task work.Task, name string) (secret.String, error)
	// Registries are the credentials that images are pulled with, by the
	// registry's host.
	Registries map[string]Registry
	// Limits are those of images that name none, and the most that a document
	// may ask for.
	Limits Limits
	// Grace is how long a program has after SIGTERM, and the most that a
	// document may ask for. Default 10s.
	Grace time.Duration
	// PullTimeout bounds the pulling of an image. Default 10m.
	PullTimeout time.Duration
	// Current reports whether an attempt still has its lease, for Reap.
	Current func(ctx context.Context, ref Ref) (bool, error)
}

// Ref names an attempt: the labels of its container.
type Ref struct {
	Run   workflow.RunID
	Step  string
	Item  int // -1 for a step without for-each
	Fence machine.Fence
}

// Registry is an account of a registry.
type Registry struct {
	Username string
	Password secret.String
}

// Image is what a step type runs.
type Image struct {
	// Image is its name, best with a digest.
	Image string
	// Entrypoint and Command replace the image's own.
	Entrypoint, Command []string
	// Environment is added to that of the options.
	Environment map[string]string
	// Secrets are variables whose values are secrets, by the secrets' names.
	Secrets map[string]string
	// Pull is when the image is pulled. Default PullMissing.
	Pull Pull
	// Sandbox is what the container may do.
	Sandbox
	// Input is how the payload is given besides its file. Default InputFile.
	Input Input
	// Result is where its result comes from. Default ResultFile.
	Result Result
	// Limits replace those of the options where they are set.
	Limits Limits
	// Grace replaces that of the options when it is set.
	Grace time.Duration
}

// Free says what steps of type "container" may run.
type Free struct {
	// Images are patterns, with *, of the names that images may have:
	// "registry.example.org/team/*". Names without a registry are Docker
	// Hub's: "docker.io/library/busybox".
	Images []string
	// Pull is when images are pulled. Default PullMissing.
	Pull Pull
	// Sandbox is what the containers may do.
	Sandbox
}

// Sandbox is what a container may do. The zero value is the strictest.
type Sandbox struct {
	// User is who it runs as: "1000", "1000:1000". Default: the image's user.
	User string
	// Network is the network it is in: "bridge", or one of the engine's.
	// Default "none".
	Network string
	// Writable lets it write to its root file system; /tmp and /berth can be
	// written to in any case.
	Writable bool
	// Capabilities are added to none: "CHOWN".
	Capabilities []string
	// Mounts are directories of the engine's host.
	Mounts []Mount
	// Ulimits are further limits of every process, by the engine's names:
	// "nproc". The kernel counts some of them per user, not per container.
	Ulimits map[string]int64
	// Runtime is the engine's runtime: "runsc". Default: the engine's own.
	Runtime string
}

// Mount is a directory of the engine's host in the container.
type Mount struct {
	Source, Target string
	Writable       bool
}

// Limits bound what a container may use; zero fields do not, or have the
// default they name.
type Limits struct {
	// Memory is memory, swap included.
	Memory Size `json:"memory,omitempty"`
	// CPUs is how many processors it may keep busy.
	CPUs float64 `json:"cpus,omitempty"`
	// Processes is how many there may be at once, threads included. Default
	// 256.
	Processes int `json:"processes,omitempty"`
	// Files is how many files a process may have open. Default 1024.
	Files int `json:"files,omitempty"`
	// Output is the size of the result. Default 1 MiB.
	Output Size `json:"output,omitempty"`
	// Log is how much is logged; more is dropped. Default 16 MiB.
	Log Size `json:"log,omitempty"`
}

// Size is a number of bytes. In JSON it is a number, or a text with a unit:
// "512KiB", "64MiB", "2GiB", "10MB".
type Size = with.Size

// Pull is when an image is pulled.
type Pull string

// The times to pull.
const (
	PullMissing Pull = "missing" // when it is not there
	PullAlways  Pull = "always"
	PullNever   Pull = "never"
)

// Input is how a program is given its payload, besides by file.
type Input string

// The ways to give a payload.
const (
	InputFile Input = "file"
	InputEnv  Input = "env" // BERTH_PAYLOAD; up to 120 KiB
)

// Result is where the result of a program comes from.
type Result string

// The ways to take a result.
const (
	ResultFile   Result = "file"   // JSON in /berth/result.json; stdout is log
	ResultStdout Result = "stdout" // JSON
	ResultText   Result = "text"   // stdout as a text, without the last line's end
	ResultNone   Result = "none"   // null; stdout is log
)

const (
	defaultSocket      = "/var/run/docker.sock"
	defaultScope       = "berth"
	defaultGrace       = 10 * time.Second
	defaultPullTimeout = 10 * time.Minute
	defaultProcesses   = 256
	defaultFiles       = 1024
	defaultOutput      = 1 << 20
	typeContainer      = "container"
)

// scopeText is what the name of a container may begin with.
var scopeText = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$`)

// Validate reports everything that is wrong with the options.
func (o Options) Validate() error {
	var errs []error
	for name, image := range o.Images {
		if err := image.validate(); err != nil {
			errs = append(errs, fmt.Errorf("image of step type %q: %w", name, err))
		}
	}
	for name := range o.Environment {
		errs = append(errs, validVariable(name))
	}
	if o.Scope != "" && !scopeText.MatchString(o.Scope) {
		errs = append(errs, fmt.Errorf("scope %q: want letters, digits, _, . and -", o.Scope))
	}
	if o.Free != nil {
		errs = append(errs, o.Free.Pull.validate(), o.Free.validateMounts())
		if _, taken := o.Images[typeContainer]; taken {
			errs = append(errs, errors.New(`an image cannot have the name "container" while documents may name their own`))
		}
	}
	if o.Grace < 0 || o.PullTimeout < 0 {
		errs = append(errs, errors.New("grace and pull timeout must not be negative"))
	}
	return errors.Join(errs...)
}

func (i Image) validate() error {
	errs := []error{i.Pull.validate(), i.Input.validate(), i.Result.validate(), i.validateMounts()}
	if i.Image == "" {
		errs = append(errs, errors.New("it has no name"))
	}
	for name := range i.Environment {
		errs = append(errs, validVariable(name))
	}
	for name := range i.Secrets {
		errs = append(errs, validVariable(name))
	}
	if i.Grace < 0 {
		errs = append(errs, errors.New("grace must not be negative"))
	}
	return errors.Join(errs...)
}

func (s Sandbox) validateMounts() error {
	for _, m := range s.Mounts {
		if !path.IsAbs(m.Source) || !path.IsAbs(m.Target) || path.Clean(m.Target) == directory {
			return fmt.Errorf("mount %s at %s: want two absolute paths, not at %s", m.Source, m.Target, directory)
		}
	}
	return nil
}

func (p Pull) validate() error {
	switch p {
	case "", PullMissing, PullAlways, PullNever:
		return nil
	}
	return fmt.Errorf("pull %q: want missing, always or never", string(p))
}

func (i Input) validate() error {
	switch i {
	case "", InputFile, InputEnv:
		return nil
	}
	return fmt.Errorf("input %q: want file or env", string(i))
}

func (r Result) validate() error {
	switch r {
	case "", ResultFile, ResultStdout, ResultText, ResultNone:
		return nil
	}
	return fmt.Errorf("result %q: want file, stdout, text or none", string(r))
}

// validVariable checks a name that somebody gives a variable.
func validVariable(name string) error {
	switch {
	case name == "" || strings.ContainsAny(name, "=\x00"):
		return fmt.Errorf("variable %q: not a name", name)
	case strings.HasPrefix(strings.ToUpper(name), "BERTH_"):
		return fmt.Errorf("variable %q: names that begin with BERTH_ are Berth's", name)
	}
	return nil
}
