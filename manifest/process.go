package manifest

// Process is one program Berth runs.
type Process struct {
	// Command is what to run: one string, which /bin/sh runs, or a list of
	// arguments, run as it stands.
	Command Command `yaml:"command" required:"true"`
	// Directory is where it runs, relative to the manifest.
	Directory Template `yaml:"directory" default:"." format:"file"`
	// User is the user it runs as, by name or number. Only root can choose one.
	// Default: the user Berth runs as.
	User string `yaml:"user" format:"account" also:"number"`
	// Group is the group it runs as, by name or number.
	// Default: the user's own.
	Group string `yaml:"group" format:"account" also:"number"`
	// Environment are variables of this process alone; they win over the
	// service's. ${NAME} refers to the resolved environment.
	Environment map[string]Template `yaml:"environment" key:"variable" secret:"true" also:"number boolean"`
	// Listen is how it is reached: on a TCP port of the loopback interface given
	// in PORT ("port"), on a unix socket given in BERTH_SOCKET ("socket"), or not
	// at all ("none").
	// Default: port where a route names the process, else none.
	Listen string `yaml:"listen" enum:"port socket none"`
	// Port is the TCP port on the loopback interface for a program that cannot be
	// told one; 0 chooses a free one at every start. It excludes a Scale above 1.
	Port int `yaml:"port" default:"0" min:"0" max:"65535"`
	// Scale is how many copies run, each with a port or socket of its own.
	Scale int `yaml:"scale" default:"1" min:"1" max:"100"`
	// Before are commands that must succeed, in this order, before the process is
	// started.
	Before []Hook `yaml:"before"`
	// Ready says when it is ready for requests.
	Ready Ready `yaml:"ready"`
	// Restart says what happens when it ends.
	Restart Restart `yaml:"restart"`
	// Stop says how it is stopped.
	Stop Stop `yaml:"stop"`
	// Audience is the "aud" of the assertions on requests to it.
	// Default: the service's name.
	Audience string `yaml:"audience" format:"name"`
	// Serve says how requests are spread over its copies.
	Serve Serve `yaml:"serve"`
}

// Command is a program with its arguments, in one of two forms.
type Command struct {
	// Shell is the text /bin/sh runs; ${NAME} in it is the shell's.
	Shell string `short:"true" literal:"true"`
	// Args is the program and its arguments, run without a shell.
	Args []string `short:"true"`
}

// Hook is a command that must succeed before a process is started.
type Hook struct {
	// Command is what to run.
	Command Command `yaml:"command" short:"true" required:"true"`
	// Timeout is how long it may take.
	Timeout Duration `yaml:"timeout" default:"5m" min:"1s" max:"24h"`
}

// Ready says when a process is ready for requests.
type Ready struct {
	// Check is what is tried: a TCP connection ("tcp"), a connection to the unix
	// socket ("socket"), an HTTP request ("http"), or nothing ("none"). A word in
	// place of the mapping sets it.
	// Default: http where Path is given, else tcp or socket as the process
	// listens, else none.
	Check string `yaml:"check" short:"true" enum:"tcp socket http none"`
	// Path is what an HTTP check requests; any answer from 200 to 399 will do.
	Path string `yaml:"path" format:"path"`
	// Host is the Host header of that request.
	// Default: as in serve.health.
	Host string `yaml:"host" format:"host"`
	// Timeout is how long the process has to become ready.
	Timeout Duration `yaml:"timeout" default:"1m" min:"100ms" max:"1h"`
	// Interval is the time between two tries.
	Interval Duration `yaml:"interval" default:"250ms" min:"10ms" max:"1m"`
}

// Restart says what happens when a process ends.
type Restart struct {
	// When is "always", "on-failure" (a status other than 0, or a signal) or
	// "never". A word in place of the mapping sets it.
	When string `yaml:"when" short:"true" default:"always" enum:"always on-failure never"`
	// Min is the wait before the first restart; each further one waits twice as
	// long.
	Min Duration `yaml:"min" default:"100ms" min:"10ms" max:"10m"`
	// Max is the longest wait.
	Max Duration `yaml:"max" default:"30s" min:"10ms" max:"1h"`
	// Window is the time over which Limit counts, and how long a process must
	// run for its earlier failures to be forgotten.
	Window Duration `yaml:"window" default:"1m" min:"1s" max:"24h"`
	// Limit is how many failures within Window make a crash loop, which is
	// reported. The process is tried again after Max, or up to half of it less.
	Limit int `yaml:"limit" default:"5" min:"1" max:"1000"`
	// GiveUp stops the whole service with the process's status at a crash loop,
	// for a platform that starts it anew.
	GiveUp bool `yaml:"give-up"`
}

// Stop says how a process is stopped.
type Stop struct {
	// Signal is sent to its process group first.
	Signal string `yaml:"signal" default:"TERM" format:"signal"`
	// Grace is how long it has to end before the group is killed.
	Grace Duration `yaml:"grace" default:"10s" min:"0s" max:"1h"`
}
