package manifest

// Route says where matching requests go: to exactly one of a process, an
// upstream, files, private objects, or another address.
type Route struct {
	// Name is the route in logs, metrics and explanations.
	// Default: the name of the process or upstream, or the kind of target; with
	// a number where that is taken.
	Name string `yaml:"name" format:"slug"`
	// Path is what is matched: "/a/b" exactly, "/a/{id}" with any one segment in
	// place of {id}, "/a/**" for /a and everything below it, "/**" for all.
	Path string `yaml:"path" required:"true" format:"pattern" literal:"true"`
	// Methods are the methods that match; GET includes HEAD.
	// Default: every method.
	Methods StringOrList `yaml:"methods" format:"method"`
	// Hosts are the hosts that match, written as in domains.
	// Default: every host of the service.
	Hosts StringOrList `yaml:"hosts" format:"domain"`
	// Process is the name of the process that answers.
	Process string `yaml:"process" one:"target"`
	// Upstream is the name of the group of servers that answers.
	Upstream string `yaml:"upstream" one:"target"`
	// Static serves files of a directory.
	Static *Static `yaml:"static" one:"target"`
	// Objects serves private files to which an app redirects internally, with
	// X-Accel-Redirect. A client cannot ask for them directly.
	Objects *Objects `yaml:"objects" one:"target"`
	// Redirect answers with another address.
	Redirect *Redirect `yaml:"redirect" one:"target"`
	// StripPrefix removes the fixed part of Path before forwarding: for
	// "/api/**", /api/x is forwarded as /x.
	StripPrefix bool `yaml:"strip-prefix"`
	// HostHeader is the Host the app sees: "preserve" for the client's,
	// "upstream" for the target's, or a name.
	HostHeader string `yaml:"host-header" default:"preserve" format:"host"`
	// MaxBody is the largest request body; 0 is no limit.
	// Default: the gateway's.
	MaxBody Size `yaml:"max-body"`
	// Timeout is how long the whole exchange may take, WebSockets excepted; 0 is
	// no limit.
	Timeout Duration `yaml:"timeout" default:"0s" min:"0s" max:"24h"`
	// Internal hides the route from clients: an app reaches it by an internal
	// redirect only, as routes to objects always are.
	Internal bool `yaml:"internal"`
	// PassAuthorization forwards the Authorization header even where Berth used
	// it.
	PassAuthorization bool `yaml:"pass-authorization"`
	// WebSocketRecheck is how often the session and the rule of whatever lasts, an
	// open WebSocket, an event stream, a long download, are checked again.
	WebSocketRecheck Duration `yaml:"websocket-recheck" default:"1m" min:"1s" max:"24h"`
	// Log writes an access line for requests of this route.
	Log bool `yaml:"log" default:"true"`
}

// Static serves files of a directory.
type Static struct {
	// Root is the directory, relative to the manifest. Nothing outside it is
	// served, whatever links there are.
	Root Template `yaml:"root" short:"true" required:"true" format:"file"`
	// Index are the files that answer for a directory, the first that exists.
	Index StringOrList `yaml:"index" default:"index.html" format:"filename"`
	// Listing lists directories that have no index.
	Listing bool `yaml:"listing"`
	// Fallback is the file that answers a browser's navigation to a path that
	// does not exist, for apps that route in the browser.
	Fallback string `yaml:"fallback" format:"file"`
	// CacheControl are the Cache-Control headers, the first match wins.
	CacheControl []CacheControl `yaml:"cache-control"`
	// Precompressed answers with name.zst, name.br or name.gz where there is one
	// and the client takes it.
	Precompressed bool `yaml:"precompressed" default:"true"`
	// Immutable lets browsers keep files whose name holds a hash of their
	// content, such as app.3f2a91bc.js, for ever, where CacheControl says
	// nothing else.
	Immutable bool `yaml:"immutable"`
	// Dotfiles serves files whose name begins with a dot.
	Dotfiles bool `yaml:"dotfiles"`
}

// CacheControl is the Cache-Control header of some files.
type CacheControl struct {
	// Match is a pattern of names: "*.css", "/assets/**".
	Match string `yaml:"match" required:"true"`
	// Value is the header.
	Value string `yaml:"value" required:"true" format:"header"`
}

// Objects serves private files, from a directory or from HTTP servers.
type Objects struct {
	// Directory is where they are, relative to the manifest.
	Directory Template `yaml:"directory" one:"objects" format:"file"`
	// Hosts are the servers an app may name: "media.example.com",
	// "127.0.0.1:9000", "*.example.com" for any one label in place of the star,
	// or with a path, "s3.example.com/bucket/", for what is below it.
	Hosts []string `yaml:"hosts" one:"objects" format:"object-host"`
	// Schemes are how they may be reached.
	Schemes []string `yaml:"schemes" default:"https" enum:"http https"`
	// AllowPrivate are the private networks in which they may be. Addresses of
	// metadata services are never reached.
	AllowPrivate []string `yaml:"allow-private" format:"network"`
	// Connect is the time to open a connection.
	Connect Duration `yaml:"connect" default:"5s" min:"1ms" max:"10m"`
	// Response is the time to the answer's head.
	Response Duration `yaml:"response" default:"30s" min:"1ms" max:"1h"`
	// Read is the longest pause within the answer's body.
	Read Duration `yaml:"read" default:"1m" min:"1ms" max:"1h"`
}

// Redirect answers with another address.
type Redirect struct {
	// To is the address: a path, or a URL with scheme and host.
	To string `yaml:"to" short:"true" required:"true" format:"location"`
	// Status is 301, 302, 303, 307 or 308.
	Status int `yaml:"status" default:"308" enum:"301 302 303 307 308"`
}
