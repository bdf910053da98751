package manifest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/berth-project/berth/internal/diagnostic"
)

// validate checks what takes more than one field to check. Each check reports
// on its own; none depends on another's having passed.
func validate(m *Manifest) {
	m.checkEnvironment()
	for _, name := range m.ProcessNames() {
		if p := m.Processes[name]; p != nil {
			m.checkProcess(name, p)
		}
	}
	m.checkListen()
	m.checkTLS()
	m.checkUpstreams()
	m.checkRoutes()
	m.checkSession()
	m.checkAccess()
	m.checkNeeds()
	m.checkWork()
	m.checkConsole()
	m.checkDevelopment()
	if m.Login.AllowInsecure {
		m.src.warn("login.allow-insecure", codeInsecure, "passwords and cookies can be read on their way to the gateway").
			Help = "remove it where clients come in over HTTPS"
	}
}

// unique reports the second of two things of a list that have one name.
func (m *Manifest) unique(seen map[string]int, name, path string, i int, what string) {
	if name == "" {
		return
	}
	if first, ok := seen[name]; ok {
		p := m.src.at(path, codeDuplicate, "there are two %ss named %q", what, name)
		p.Help = "give each its own name"
		p.Notes = []string{fmt.Sprintf("the first is number %d", first+1)}
		return
	}
	seen[name] = i
}

// atMost reports that one duration is longer than another that bounds it.
func (m *Manifest) atMost(path string, d Duration, boundPath string, bound Duration) {
	if d > bound {
		m.src.at(path, codeConflict, "%s (%s) is longer than %s (%s)", path, d, boundPath, bound)
	}
}

func (m *Manifest) checkEnvironment() {
	processes := 0
	for i, s := range m.Environment.From {
		path := item("environment.from", i)
		if s.Optional && s.File == "" {
			m.src.at(path+".optional", codeConflict, "only a file can be optional")
		}
		if s.Process {
			processes++
		}
		if processes > 1 && s.Process {
			m.src.at(path, codeDuplicate, `"process" is in the list twice`).Help = "remove one"
		}
	}
	if m.Environment.KeepExisting && processes == 0 {
		m.src.at("environment.keep-existing", codeConflict, `keep-existing needs "process" among the sources`).
			Help = `add "process" to environment.from`
	}
}

func (m *Manifest) checkProcess(name string, p *Process) {
	path := below("processes", name)
	if p.Command.Shell == "" && len(p.Command.Args) == 0 && m.src.written(path+".command") {
		m.empty(path+".command", "the command is empty")
	}
	if len(p.Command.Args) > 0 && p.Command.Args[0] == "" {
		m.empty(path+".command[0]", "the program of the command is empty")
	}
	for i, h := range p.Before {
		if h.Command.Shell == "" && (len(h.Command.Args) == 0 || h.Command.Args[0] == "") {
			m.empty(item(path+".before", i), "the command is empty")
		}
	}
	m.checkReady(path, p)
	m.atMost(path+".restart.min", p.Restart.Min, path+".restart.max", p.Restart.Max)
	m.atMost(path+".ready.interval", p.Ready.Interval, path+".ready.timeout", p.Ready.Timeout)
	if p.Port != 0 && p.Listen != "port" {
		m.src.at(path+".port", codeConflict, "port is for listen: port").Help = "remove it, or set listen: port"
	}
	if p.Port != 0 && p.Scale > 1 {
		m.src.at(path+".port", codeConflict, "%d copies cannot listen on one port", p.Scale).Help = "remove port or scale"
	}
	if p.Listen != "none" && !m.routed(name) {
		m.src.warn(path+".listen", codeUnused, "process %q listens and no route leads to it", name).
			Help = "add a route with process: " + name + ", or remove listen"
	}
}

func (m *Manifest) empty(path, message string) {
	if m.src.reported(m.src.locate(path).line, path) {
		return
	}
	m.src.at(path, codeEmpty, "%s", message).Help = `write what to run: "python app.py", or [python, app.py]`
}

func (m *Manifest) checkReady(path string, p *Process) {
	r := p.Ready
	at := path + ".ready"
	switch {
	case r.Check == "http" && r.Path == "":
		m.src.at(at, codeConflict, "an http check needs a path").Help = "write ready: {path: /healthcheck}"
	case r.Check != "http" && r.Path != "":
		m.src.at(at+".path", codeConflict, "only an http check has a path").Help = "remove the path, or write check: http"
	case r.Check == "tcp" && p.Listen != "port", r.Check == "socket" && p.Listen != "socket", r.Check == "http" && p.Listen == "none":
		m.src.at(at, codeConflict, "a %s check does not fit listen: %s", r.Check, p.Listen).
			Help = "set listen, or leave check out for the one that fits"
	}
}

func (m *Manifest) checkListenTLS(path string, l Listen) {
	if l.TLS && m.Gateway.TLS.Mode == "off" {
		m.src.at(path+".tls", codeTLSMode, "%s speaks TLS and gateway.tls.mode is off", path).
			Help = "set gateway.tls.mode to files or self-signed"
	}
	if l.TLS && l.H2C {
		m.src.at(path+".h2c", codeConflict, "h2c is HTTP/2 without TLS, and %s speaks TLS", path).
			Help = "remove h2c: over TLS, HTTP/2 is always offered"
	}
}

func (m *Manifest) checkTLS() {
	t := m.Gateway.TLS
	speaks := false
	for _, l := range m.Gateway.Listen {
		speaks = speaks || l.TLS
	}
	switch {
	case t.Mode == "files" && len(t.Certificates) == 0:
		m.src.at("gateway.tls.mode", codeCertificates, "tls.mode is files and there are no certificates").
			Help = "add gateway.tls.certificates: [{certificate: FILE, key: FILE}]"
	case t.Mode != "files" && len(t.Certificates) > 0:
		m.src.at("gateway.tls.certificates", codeCertificates, "certificates are used in mode files only").
			Help = "set gateway.tls.mode to files"
	case t.Mode != "off" && !speaks && len(m.Gateway.Listen) > 0:
		m.src.warn("gateway.tls.mode", codeTLSMode, "no address of gateway.listen speaks TLS").
			Help = `listen on ":443", or write {address: …, tls: true}`
	}
	if t.Redirect && !speaks {
		m.src.at("gateway.tls.redirect", codeTLSMode, "there is no TLS address to redirect to")
	}
	if t.HSTS > 0 && !speaks {
		m.src.at("gateway.tls.hsts", codeTLSMode, "there is no TLS address to send it on")
	}
}

func (m *Manifest) checkSession() {
	s := m.Session
	m.atMost("session.idle", s.Idle, "session.absolute", s.Absolute)
	if s.Keys != "" && s.KeysFile != "" {
		m.src.at("session.keys", codeConflict, "keys and keys-file are both given").Help = "remove one"
	}
	names := s.Keys.Names()
	if s.Keys != "" && (len(names) != 1 || string(s.Keys) != "${"+names[0]+"}") {
		m.src.at("session.keys", codeFormat, "session.keys is not a reference").
			Help = `write "${NAME}": keys have no place in this file`
	}
}

func (m *Manifest) checkConsole() {
	c := m.Console
	host := newListener(string(c.Listen), "").host
	if !c.Enabled || c.Require != nil || host == "unix" || isLoopback(host) || len(c.Listen.Names()) > 0 {
		return
	}
	m.src.at("console.listen", codeConsoleOpen, "the console listens beyond loopback and requires nothing").
		Help = "add console.require: {role: ROLE, of: TENANT}"
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "[::1]" || strings.HasPrefix(host, "127.") && isHost(host) && !strings.ContainsFunc(host, notAddress)
}

func notAddress(r rune) bool { return r != '.' && (r < '0' || r > '9') }

func (m *Manifest) checkDevelopment() {
	tenants, users := map[string]int{}, map[string]int{}
	var ids []string
	for i, t := range m.Development.Tenants {
		m.unique(tenants, t.ID, below(item("development.tenants", i), "id"), i, "tenant")
		ids = append(ids, t.ID)
	}
	for i, u := range m.Development.Users {
		path := item("development.users", i)
		m.unique(users, strings.ToLower(u.Email), path+".email", i, "user")
		for tenant := range u.Roles {
			if _, ok := tenants[tenant]; !ok {
				p := m.src.at(below(path+".roles", tenant), codeNoTenant, "there is no tenant %q in development.tenants", tenant)
				suggest(p, tenant, ids)
			}
		}
	}
}

// suggest helps with a name that is not there.
func suggest(p *diagnostic.Problem, name string, known []string) {
	if near := diagnostic.Nearest(name, known); near != "" {
		p.Help = "did you mean " + strconv.Quote(near) + "?"
	} else if len(known) > 0 {
		p.Notes = []string{"there are: " + strings.Join(known, ", ")}
	}
}
