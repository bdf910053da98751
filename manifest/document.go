package manifest

// Manifest is what berth.yaml says about one service.
type Manifest struct {
	// Service is the name of the service: lower-case letters, digits and
	// hyphens, starting with a letter, at most 63 characters. It is the audience
	// of assertions and a label of metrics.
	Service string `yaml:"service" required:"true" format:"slug"`
	// Domains are the host names the service answers to: exact
	// ("app.example.com"), a name with everything below it (".example.com"), or
	// "*" for any. A request for another host has its connection closed.
	// Default: none but loopback names under `berth up`; other commands need one.
	Domains []Template `yaml:"domains" format:"domain"`
	// Environment says where the variables of the processes come from.
	Environment Environment `yaml:"environment" secret:"true"`
	// Processes are the programs Berth runs, by name.
	Processes map[string]*Process `yaml:"processes" key:"process"`
	// Gateway says how requests come in and where they go.
	Gateway Gateway `yaml:"gateway"`
	// Session says how long a sign-in lasts and how it is protected.
	Session Session `yaml:"session"`
	// Login says how people sign in.
	Login Login `yaml:"login"`
	// Access lists the rules of who may use what. The first rule that matches a
	// request decides; a request that no rule matches is refused.
	Access []Rule `yaml:"access"`
	// Needs say what each process touches in the cloud, by resource: the name of a
	// process, then "KIND:NAME" or an ARN. Least-privilege policies are written
	// from them; docs/iam.md lists the kinds and their words.
	Needs map[string]map[string]*Need `yaml:"needs" key:"process"`
	// Work is background work: it runs workflows for the service.
	// Default: none.
	Work *Work `yaml:"work"`
	// Queues are where runs of workflows wait.
	// Default: one queue, "default", that is fair between tenants.
	Queues []Queue `yaml:"queues"`
	// Console is the web console of the operator.
	Console Console `yaml:"console"`
	// Telemetry says what Berth logs, and how.
	Telemetry Telemetry `yaml:"telemetry"`
	// Development holds the tenants and users that `berth up` creates on a
	// developer's machine. No other command reads it.
	Development Development `yaml:"development"`

	src *source
}

// Environment says where the variables of the processes come from.
type Environment struct {
	// From lists the sources in order; a later source wins over an earlier one.
	From []Source `yaml:"from" default:"process"`
	// KeepExisting lets what the container was started with win over every other
	// source, wherever "process" stands in the list.
	KeepExisting bool `yaml:"keep-existing"`
	// Require names the variables without which nothing is started.
	Require []string `yaml:"require" format:"variable"`
}

// Source is one place variables come from: exactly one of its fields.
type Source struct {
	// Process is the environment Berth itself was started with.
	Process bool `word:"process" one:"source"`
	// File is a file of NAME=value lines, relative to the manifest.
	File string `yaml:"file" one:"source" format:"file"`
	// Optional lets File be absent.
	Optional bool `yaml:"optional"`
	// Values are variables written in the manifest itself. They are not the
	// place for secrets.
	Values map[string]string `yaml:"values" one:"source" key:"variable" secret:"true" literal:"true" also:"number boolean"`
}

// Session says how long a sign-in lasts and how it is protected.
type Session struct {
	// Idle ends a session that was not used for this long.
	Idle Duration `yaml:"idle" default:"12h" min:"1m" max:"720h"`
	// Absolute ends a session this long after signing in, used or not.
	Absolute Duration `yaml:"absolute" default:"168h" min:"1m" max:"8760h"`
	// KeysFile is the file of the keys that seal cookies and sign assertions,
	// relative to the manifest. Where neither it nor Keys is given the keys are
	// made on first start and kept in the data directory.
	KeysFile Template `yaml:"keys-file" format:"file"`
	// Keys is the same as a JSON text. It must be a ${NAME} reference: keys have
	// no place in this file.
	Keys Template `yaml:"keys" secret:"true"`
	// Assertion is the signed statement of who is calling that each forwarded
	// request carries.
	Assertion Assertion `yaml:"assertion"`
}

// Assertion is the signed statement of who is calling.
type Assertion struct {
	// Issuer is the "iss" of assertions.
	// Default: gateway.public-origin, else the service's name.
	Issuer Template `yaml:"issuer"`
	// Lifetime is how long one assertion is valid.
	Lifetime Duration `yaml:"lifetime" default:"2m" min:"5s" max:"10m"`
	// MaxMemberships bounds how many tenants one assertion lists; a user of more
	// is asserted with the tenant of the request only.
	MaxMemberships int `yaml:"max-memberships" default:"50" min:"1" max:"200"`
}

// Login says how people sign in.
type Login struct {
	// Title is what the sign-in page calls the service.
	// Default: the service's name.
	Title string `yaml:"title"`
	// Password is signing in with an email address and a password.
	Password PasswordLogin `yaml:"password"`
	// AllowInsecure permits signing in over plain HTTP, as `berth up` always
	// does. For closed networks only: passwords and cookies can be read on the
	// way. Behind a proxy that ends TLS name it in gateway.trusted-proxies
	// instead.
	AllowInsecure bool `yaml:"allow-insecure"`
}

// PasswordLogin is signing in with an email address and a password.
type PasswordLogin struct {
	// Enabled turns it on.
	Enabled bool `yaml:"enabled" default:"true"`
	// MinLength is the fewest characters of a new password.
	MinLength int `yaml:"min-length" default:"10" min:"8" max:"128"`
	// UserAttempts is how many attempts may be made for one user at once; more
	// are refused unseen.
	UserAttempts int `yaml:"user-attempts" default:"10" min:"1" max:"1000"`
	// UserRefill is the time after which a user has one attempt more.
	UserRefill Duration `yaml:"user-refill" default:"1m" min:"1s" max:"24h"`
	// AddressAttempts is how many attempts may be made from one address (one /64
	// of IPv6) at once.
	AddressAttempts int `yaml:"address-attempts" default:"30" min:"1" max:"100000"`
	// AddressRefill is the time after which an address has one attempt more.
	AddressRefill Duration `yaml:"address-refill" default:"10s" min:"10ms" max:"24h"`
}

// Console is the web console of the operator, on a listener of its own.
type Console struct {
	// Enabled turns it on.
	Enabled bool `yaml:"enabled" default:"true"`
	// Listen is its address. /metrics and the health pages are served there too.
	Listen Template `yaml:"listen" default:"127.0.0.1:4100" format:"address"`
	// Require is who may use it. It must be given where Listen is not a loopback
	// address; on loopback, without it, the console is open.
	Require *ConsoleRole `yaml:"require"`
}

// ConsoleRole is the role that opens the console.
type ConsoleRole struct {
	// Role is the role a user must have: one of these.
	Role StringOrList `yaml:"role" required:"true"`
	// Of is the tenant in which the user must have it.
	Of string `yaml:"of" required:"true" format:"name"`
}

// Telemetry says what Berth logs, and how.
type Telemetry struct {
	// LogFormat is "json" (one object per line) or "human".
	LogFormat string `yaml:"log-format" default:"json" enum:"human json"`
	// LogLevel is the least severe level that is written.
	LogLevel string `yaml:"log-level" default:"info" enum:"debug info warn error"`
}

// Development holds what `berth up` creates on a developer's machine.
type Development struct {
	// Tenants are created if absent.
	Tenants []DevelopmentTenant `yaml:"tenants"`
	// Users are created if absent, each with a random password that is printed.
	Users []DevelopmentUser `yaml:"users"`
}

// DevelopmentTenant is a tenant to create.
type DevelopmentTenant struct {
	// ID is the tenant as it appears in paths.
	ID string `yaml:"id" required:"true" format:"name"`
	// Name is for display.
	// Default: the id.
	Name string `yaml:"name"`
	// Plans are what it subscribes to.
	Plans []string `yaml:"plans" format:"name"`
}

// DevelopmentUser is a user to create.
type DevelopmentUser struct {
	// Email is what the user signs in with.
	Email string `yaml:"email" required:"true" format:"email"`
	// Name is for display.
	Name string `yaml:"name"`
	// Roles are the roles the user has, by tenant.
	Roles map[string]StringOrList `yaml:"roles" key:"name" format:"name"`
}
