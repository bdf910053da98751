package manifest

// Gateway says how requests come in and where they go.
type Gateway struct {
	// Listen are the addresses it listens on.
	Listen []Listen `yaml:"listen" default:":8080"`
	// PublicOrigin is the scheme and host people use, "https://app.example.com",
	// where that cannot be told from the request.
	PublicOrigin Template `yaml:"public-origin" format:"origin"`
	// TLS says which certificates are used.
	TLS TLS `yaml:"tls"`
	// TrustedProxies are the networks whose X-Forwarded-* headers are believed.
	// Without any, the client is whoever opened the connection.
	TrustedProxies []Template `yaml:"trusted-proxies" format:"network"`
	// TrustForwardedHost believes X-Forwarded-Host of trusted proxies. Many
	// proxies pass on what the client sent under that name: leave it off unless
	// yours sets it.
	TrustForwardedHost bool `yaml:"trust-forwarded-host"`
	// DropHeaders are further request headers that no app receives from a
	// client, for apps that trust the headers of another gateway; a name that
	// ends in "*" stands for all that begin so.
	DropHeaders []string `yaml:"drop-headers" format:"header-name"`
	// TrustSocketPeers believes them from whoever connects to a unix socket of
	// Listen.
	TrustSocketPeers bool `yaml:"trust-socket-peers"`
	// TrustedOrigins are further origins whose pages may send requests that
	// change something with the visitor's cookie.
	TrustedOrigins []Template `yaml:"trusted-origins" format:"origin"`
	// HealthPaths answer with readiness on any host, besides
	// /.berth/health/live and /.berth/health/ready.
	HealthPaths []string `yaml:"health-paths" format:"path"`
	// MergeSlashes treats "//" in a path as "/". Otherwise it is refused.
	MergeSlashes bool `yaml:"merge-slashes"`
	// MaxBody is the largest request body; 0 is no limit.
	MaxBody Size `yaml:"max-body" default:"10MiB"`
	// Limits bound what one client may ask for.
	Limits Limits `yaml:"limits"`
	// Timeouts bound how long each phase of a request may take.
	Timeouts GatewayTimeouts `yaml:"timeouts"`
	// Compress says which answers are compressed.
	Compress Compress `yaml:"compress"`
	// Routes say where requests go. The first route that matches is used.
	Routes []Route `yaml:"routes"`
	// Upstreams are groups of servers that Berth does not run, by name.
	Upstreams map[string]*Upstream `yaml:"upstreams" key:"slug"`
	// AccessLog writes one line per request.
	AccessLog bool `yaml:"access-log" default:"true"`
}

// Listen is one address the gateway listens on.
type Listen struct {
	// Address is "host:port", ":port" for every interface, or "unix:/path". It
	// may stand alone in place of the mapping.
	Address Template `yaml:"address" short:"true" required:"true" format:"address"`
	// TLS speaks TLS on it.
	// Default: true for port 443, where tls.mode is not off.
	TLS bool `yaml:"tls"`
	// H2C accepts HTTP/2 without TLS.
	H2C bool `yaml:"h2c"`
}

// TLS says which certificates are used.
type TLS struct {
	// Mode is "files" for certificates from files, "self-signed" for one made on
	// start (for development), or "off".
	Mode string `yaml:"mode" short:"true" default:"off" enum:"off files self-signed"`
	// Certificates are the files, in mode "files". They are read again when they
	// change.
	Certificates []Certificate `yaml:"certificates"`
	// Redirect answers plain HTTP with a redirect to HTTPS.
	Redirect bool `yaml:"redirect"`
	// HSTS is the max-age of Strict-Transport-Security (RFC 6797) on answers over
	// TLS; 0 sends none.
	HSTS Duration `yaml:"hsts" default:"0s" min:"0s" max:"87600h"`
}

// Certificate is a pair of PEM files.
type Certificate struct {
	// Certificate is the file of the certificate chain, leaf first, relative to
	// the manifest.
	Certificate Template `yaml:"certificate" required:"true" format:"file"`
	// Key is the file of its private key.
	Key Template `yaml:"key" required:"true" format:"file"`
}

// Limits bound what one client may ask for.
type Limits struct {
	// MaxHeader is the largest request head.
	MaxHeader Size `yaml:"max-header" default:"32KiB" min:"1KiB" max:"1MiB"`
	// MaxHeaders is the largest number of header lines.
	MaxHeaders int `yaml:"max-headers" default:"128" min:"16" max:"1000"`
	// MaxURL is the longest request target.
	MaxURL Size `yaml:"max-url" default:"8KiB" min:"256B" max:"64KiB"`
	// MaxConnections is how many connections may be open at once; 0 is no limit.
	MaxConnections int `yaml:"max-connections" default:"10000" min:"0" max:"10000000"`
	// MaxConnectionsPerClient is how many of them one address (one /64 of IPv6)
	// may have. Trusted proxies are not counted.
	// Default: a quarter of max-connections, at least 256.
	MaxConnectionsPerClient int `yaml:"max-connections-per-client" min:"0" max:"10000000"`
}

// GatewayTimeouts bound how long each phase of a request may take on the
// client's side.
type GatewayTimeouts struct {
	// ReadHeader is the time for the whole request head.
	ReadHeader Duration `yaml:"read-header" default:"10s" min:"10ms" max:"10m"`
	// ReadBody is the longest pause within a request body.
	ReadBody Duration `yaml:"read-body" default:"1m" min:"10ms" max:"1h"`
	// Write is how long a client may take for each 256 KiB of an answer.
	Write Duration `yaml:"write" default:"1m" min:"10ms" max:"1h"`
	// Idle is how long a connection may wait for its next request. The default
	// is above the 60s of AWS load balancers, which must be the ones to close.
	Idle Duration `yaml:"idle" default:"75s" min:"10ms" max:"24h"`
	// Drain is how long requests in flight may take to finish when Berth stops.
	Drain Duration `yaml:"drain" default:"30s" min:"0s" max:"1h"`
}

// Compress says which answers are compressed.
type Compress struct {
	// Off compresses nothing: `compress: off`.
	Off bool `word:"off"`
	// Types are the media types that are compressed; "text/*" is every text,
	// "*+json" everything of that suffix.
	Types []string `yaml:"types" format:"media" default:"text/*, application/json, application/problem+json, application/javascript, application/xml, application/wasm, image/svg+xml"`
	// MinSize is the smallest answer that is worth it.
	MinSize Size `yaml:"min-size" default:"1KiB" max:"64KiB"`
}

// Upstream is a group of servers that Berth does not run.
type Upstream struct {
	// Targets are the servers: "http://host:port", "https://host:port" or
	// "unix:/path". All have the same scheme.
	Targets []Template `yaml:"targets" required:"true" format:"target"`
	// Audience is the "aud" of the assertions on requests to it.
	// Default: the upstream's name.
	Audience string `yaml:"audience" format:"name"`
	// InternalRedirects lets its servers answer with X-Accel-Redirect, and so
	// hand out what routes with objects hold. Processes always may.
	InternalRedirects bool `yaml:"internal-redirects"`
	// ServerName is the name https targets must prove.
	// Default: the host of each target.
	ServerName Template `yaml:"server-name" format:"host"`
	// CA is a PEM file of the authorities https targets are checked against,
	// relative to the manifest.
	// Default: the system's.
	CA Template `yaml:"ca" format:"file"`
	// Serve says how requests are spread over the targets.
	Serve `yaml:",inline"`
}

// Serve says how requests are spread over a group of servers.
type Serve struct {
	// Balance chooses between servers: "round-robin" or "least-connections".
	Balance string `yaml:"balance" default:"round-robin" enum:"round-robin least-connections"`
	// Affinity keeps one client with one server.
	Affinity Affinity `yaml:"affinity"`
	// Health asks each server how it is.
	Health Health `yaml:"health"`
	// Passive leaves out a server on which requests fail.
	Passive Passive `yaml:"passive"`
	// Protocol is what the servers speak: "http1", or "h2c" for HTTP/2 without
	// TLS (gRPC).
	Protocol string `yaml:"protocol" default:"http1" enum:"http1 h2c"`
	// Timeouts bound each phase of an exchange with a server.
	Timeouts UpstreamTimeouts `yaml:"timeouts"`
	// Retries is how often a request is sent again where that is safe: it was not
	// sent, or it has no body and a method without effects.
	Retries int `yaml:"retries" default:"2" min:"0" max:"10"`
	// Hold is how long a request waits for a server to become ready before it is
	// answered 503.
	Hold Duration `yaml:"hold" default:"10s" min:"0s" max:"10m"`
}

// Affinity keeps one client with one server.
type Affinity struct {
	// By is what tells clients apart: their "address", a "cookie", or "none".
	By string `yaml:"by" short:"true" default:"none" enum:"none address cookie"`
	// TTL is how long a client that stays away is remembered.
	TTL Duration `yaml:"ttl" default:"1h" min:"1s" max:"720h"`
}

// Health asks each server, at intervals, how it is.
type Health struct {
	// Path is what is requested; without it no server is asked.
	Path string `yaml:"path" short:"true" format:"path"`
	// Host is the Host header of that request.
	// Default: the first exact name of domains, else "localhost".
	Host string `yaml:"host" format:"host"`
	// Interval is the time between two requests.
	Interval Duration `yaml:"interval" default:"10s" min:"100ms" max:"1h"`
	// Timeout is how long the answer may take.
	Timeout Duration `yaml:"timeout" default:"5s" min:"10ms" max:"10m"`
	// Healthy is how many good answers in a row bring a server back.
	Healthy int `yaml:"healthy" default:"1" min:"1" max:"100"`
	// Unhealthy is how many bad answers in a row leave it out.
	Unhealthy int `yaml:"unhealthy" default:"3" min:"1" max:"100"`
	// Status is the good answers: one status, "200", or a range, "200-399".
	Status string `yaml:"status" default:"200-399" format:"status" also:"number"`
}

// Passive leaves out a server on which requests fail.
type Passive struct {
	// MaxFails is how many failures within For leave it out; 0 never does. Only
	// broken or missing answers count, not their status.
	MaxFails int `yaml:"max-fails" default:"3" min:"0" max:"1000"`
	// For is how long it is left out, and the time over which failures count.
	For Duration `yaml:"for" default:"10s" min:"100ms" max:"1h"`
}

// UpstreamTimeouts bound each phase of an exchange with a server.
type UpstreamTimeouts struct {
	// Connect is the time to open a connection.
	Connect Duration `yaml:"connect" default:"5s" min:"1ms" max:"10m"`
	// Response is the time from the end of the request to the answer's head.
	Response Duration `yaml:"response" default:"60s" min:"1ms" max:"24h"`
	// Read is the longest pause within the answer's body.
	Read Duration `yaml:"read" default:"5m" min:"1ms" max:"24h"`
	// Write is the longest pause of a server that reads the request.
	Write Duration `yaml:"write" default:"60s" min:"1ms" max:"24h"`
	// Idle is how long an unused connection is kept.
	Idle Duration `yaml:"idle" default:"60s" min:"1ms" max:"24h"`
}
