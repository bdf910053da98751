package process

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// Spec says how to run one program of the service. The zero value of every
// field but Name and Command has a meaning, given at the field.
type Spec struct {
	// Name is the process as people know it: "web". It begins with a lower-case
	// letter, and goes on with up to 31 letters, digits, "-" and "_".
	Name string
	// Command is the program and its arguments; with Shell its only element is
	// a script.
	Command []string
	// Shell runs Command[0] with /bin/sh -c.
	Shell bool
	// Directory is the working directory; empty is Berth's own.
	Directory string
	// User is a name or a numeric id to run as; empty is Berth's own. The
	// user's supplementary groups come with it. On Linux the program cannot gain
	// privileges again: set-user-id programs such as sudo have no effect.
	User string
	// Group is a name or a numeric id; empty is the user's primary group.
	Group string
	// Environment is the whole environment, "NAME=value". Berth adds
	// BERTH_PROCESS, BERTH_INSTANCE and, depending on Listen, PORT or
	// BERTH_SOCKET, and nothing else.
	Environment []string
	// Listen says what the program listens on; default nothing.
	Listen Listen
	// Port, with ListenPort, is a fixed port on the loopback address; 0 chooses
	// a free one at every start. A fixed port excludes Scale above 1, and
	// replacing such a process interrupts it.
	Port int
	// Scale is how many instances run; 0 counts as 1.
	Scale int
	// Ready says when an instance can be used.
	Ready Readiness
	// Restart says what happens when an instance ends by itself.
	Restart RestartPolicy
	// Stop says how an instance is ended.
	Stop Stop
	// Before are run in order before the process starts for the first time,
	// and before a changed spec replaces it. The first that fails aborts it.
	Before []Hook
}

// Listen is what a program listens on.
type Listen int

// The kinds of listening.
const (
	// ListenNone is for workers: no traffic.
	ListenNone Listen = iota
	// ListenPort gives a TCP port on 127.0.0.1 in PORT.
	ListenPort
	// ListenSocket gives the path of a unix socket in BERTH_SOCKET.
	ListenSocket
)

// ReadyKind is how readiness is found out.
type ReadyKind int

// The kinds of readiness.
const (
	// ReadyDefault is ReadyTCP with ListenPort, ReadySocket with ListenSocket,
	// ReadyNone with ListenNone.
	ReadyDefault ReadyKind = iota
	// ReadyNone takes a started program for a ready one.
	ReadyNone
	// ReadyTCP connects to the port.
	ReadyTCP
	// ReadyHTTP asks for Path over the port or the socket and wants a status of
	// 200 to 399.
	ReadyHTTP
	// ReadySocket connects to the unix socket.
	ReadySocket
)

// Readiness says when an instance can be used.
type Readiness struct {
	// Kind is what is tried.
	Kind ReadyKind
	// Path is asked for with ReadyHTTP; default "/".
	Path string
	// Host is the Host header with ReadyHTTP; default "localhost".
	Host string
	// Timeout is how long an instance may take; then it is stopped and counts
	// as failed. Default 60s.
	Timeout time.Duration
	// Interval is the longest pause between two tries (the first come faster)
	// and how long one try may take, at least a second. Default 250ms.
	Interval time.Duration
}

// RestartWhen says after which exits an instance is started again.
type RestartWhen int

// The kinds of restarting.
const (
	// RestartAlways starts it again whatever the status.
	RestartAlways RestartWhen = iota
	// RestartOnFailure leaves an instance that exits with 0 stopped.
	RestartOnFailure
	// RestartNever makes the process essential: its end, whatever the status,
	// ends the supervisor with an [*ExitError].
	RestartNever
)

// RestartPolicy says what happens when an instance ends by itself.
type RestartPolicy struct {
	// When says after which exits to restart; default always.
	When RestartWhen
	// Min is the pause before the first restart; it doubles with every failure
	// in a row, and each pause is shortened at random by up to half.
	// Default 100ms.
	Min time.Duration
	// Max is the longest pause. Default 30s.
	Max time.Duration
	// Window is how long an instance has to stay up to be forgiven its past,
	// and the time in which Limit failures make a crash loop. Default 1m.
	Window time.Duration
	// Limit is how many failures within Window make a crash loop. Default 5.
	Limit int
	// GiveUp ends the supervisor with an [*ExitError] at a crash loop, instead
	// of going on with pauses of Max, shortened as the others are.
	GiveUp bool
}

// Stop says how an instance is ended.
type Stop struct {
	// Signal is sent to the process group. Default SIGTERM.
	Signal syscall.Signal
	// Grace is how long the group has before it is killed. Default 10s.
	Grace time.Duration
}

// Hook is a command that has to succeed before a process starts. It runs with
// the process's directory, user and environment.
type Hook struct {
	// Command is the program and its arguments; with Shell a script.
	Command []string
	// Shell runs Command[0] with /bin/sh -c.
	Shell bool
	// Timeout is how long it may take; then its group is killed. Default 5m.
	Timeout time.Duration
}

// String is the command as a person would type it, without quoting.
func (h Hook) String() string { return strings.Join(h.Command, " ") }

var validName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)

// Validate reports everything that is wrong with the spec on its own, joined.
// It looks at no file and no user database.
func (s *Spec) Validate() error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("process %q: "+format, append([]any{s.Name}, args...)...))
	}
	if !validName.MatchString(s.Name) {
		bad("name: want a lower-case letter, then up to 31 of a-z, 0-9, - and _")
	}
	if err := validCommand(s.Command, s.Shell); err != nil {
		bad("command: %w", err)
	}
	for i, h := range s.Before {
		if err := validCommand(h.Command, h.Shell); err != nil {
			bad("before[%d]: %w", i, err)
		}
		if h.Timeout < 0 {
			bad("before[%d]: timeout is negative", i)
		}
	}
	for _, e := range s.Environment {
		// The entry itself may be a secret: only its name is told.
		if name, _, ok := strings.Cut(e, "="); !ok || name == "" || strings.ContainsRune(e, 0) {
			bad("environment: an entry is not NAME=value or holds a NUL byte")
		}
	}
	s.validateListen(bad)
	s.validateLimits(bad)
	return errors.Join(errs...)
}

func validCommand(command []string, shell bool) error {
	if len(command) == 0 || strings.TrimSpace(command[0]) == "" {
		return errors.New("nothing to run")
	}
	if shell && len(command) != 1 {
		return fmt.Errorf("the shell form takes one script, not %d arguments", len(command))
	}
	for _, a := range command {
		if strings.ContainsRune(a, 0) {
			return errors.New("an argument holds a NUL byte")
		}
	}
	return nil
}

func (s *Spec) validateListen(bad func(string, ...any)) {
	if s.Listen < ListenNone || s.Listen > ListenSocket {
		bad("listen: unknown kind %d", s.Listen)
	}
	switch {
	case s.Port != 0 && s.Listen != ListenPort:
		bad("port: only a process that listens on a port has one")
	case s.Port < 0 || s.Port > 65535:
		bad("port: %d is not between 1 and 65535", s.Port)
	case s.Port != 0 && s.Scale > 1:
		bad("port: %d instances cannot share the fixed port %d", s.Scale, s.Port)
	}
	switch kind := s.Ready.Kind; {
	case kind < ReadyDefault || kind > ReadySocket:
		bad("ready: unknown kind %d", kind)
	case kind == ReadyTCP && s.Listen != ListenPort:
		bad("ready: tcp needs a process that listens on a port")
	case kind == ReadySocket && s.Listen != ListenSocket:
		bad("ready: socket needs a process that listens on a socket")
	case kind == ReadyHTTP && s.Listen == ListenNone:
		bad("ready: http needs a process that listens on a port or a socket")
	case kind == ReadyHTTP && s.Ready.Path != "" && !strings.HasPrefix(s.Ready.Path, "/"):
		bad("ready: path %q does not begin with /", s.Ready.Path)
	}
}

func (s *Spec) validateLimits(bad func(string, ...any)) {
	if s.Scale < 0 {
		bad("scale: %d is negative", s.Scale)
	}
	if s.Directory != "" && !filepath.IsAbs(s.Directory) {
		bad("directory: %q is not absolute", s.Directory)
	}
	if s.Restart.When < RestartAlways || s.Restart.When > RestartNever {
		bad("restart: unknown kind %d", s.Restart.When)
	}
	if s.Restart.Limit < 0 {
		bad("restart: limit is negative")
	}
	durations := []struct {
		field string
		value time.Duration
	}{
		{"ready.timeout", s.Ready.Timeout},
		{"ready.interval", s.Ready.Interval},
		{"restart.min", s.Restart.Min},
		{"restart.max", s.Restart.Max},
		{"restart.window", s.Restart.Window},
		{"stop.grace", s.Stop.Grace},
	}
	for _, d := range durations {
		if d.value < 0 {
			bad("%s: %v is negative", d.field, d.value)
		}
	}
}

// withDefaults returns a copy with every default spelled out, that shares
// nothing with the caller's.
func (s Spec) withDefaults() Spec {
	// None and nil are the same to whoever compares.
	s.Command = append([]string(nil), s.Command...)
	s.Environment = append([]string(nil), s.Environment...)
	s.Before = append([]Hook(nil), s.Before...)
	for i := range s.Before {
		s.Before[i].Timeout = cmp.Or(s.Before[i].Timeout, 5*time.Minute)
	}
	s.Scale = max(s.Scale, 1)
	if s.Ready.Kind == ReadyDefault {
		s.Ready.Kind = [...]ReadyKind{ReadyNone, ReadyTCP, ReadySocket}[s.Listen]
	}
	s.Ready.Path = cmp.Or(s.Ready.Path, "/")
	s.Ready.Host = cmp.Or(s.Ready.Host, "localhost")
	s.Ready.Timeout = cmp.Or(s.Ready.Timeout, time.Minute)
	s.Ready.Interval = cmp.Or(s.Ready.Interval, 250*time.Millisecond)
	s.Restart.Min = cmp.Or(s.Restart.Min, 100*time.Millisecond)
	s.Restart.Max = max(cmp.Or(s.Restart.Max, 30*time.Second), s.Restart.Min)
	s.Restart.Window = cmp.Or(s.Restart.Window, time.Minute)
	s.Restart.Limit = cmp.Or(s.Restart.Limit, 5)
	s.Stop.Signal = cmp.Or(s.Stop.Signal, syscall.SIGTERM)
	s.Stop.Grace = cmp.Or(s.Stop.Grace, 10*time.Second)
	return s
}

// sameProgram reports whether two specs with defaults differ in nothing but
// the number of instances.
func sameProgram(a, b Spec) bool {
	a.Scale, b.Scale = 0, 0
	return reflect.DeepEqual(a, b)
}

// overlaps reports whether an old and a new instance may run side by side
// while one replaces the other. Workers must not: two schedulers would both
// do the work once.
func (s *Spec) overlaps() bool { return s.Listen != ListenNone && s.Port == 0 }

// Format implements [fmt.Formatter]: the name. The environment holds secrets.
func (s Spec) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "process %s", s.Name) }

// LogValue implements [slog.LogValuer]: the name.
func (s Spec) LogValue() slog.Value { return slog.StringValue(s.Name) }
