package manifest

import (
	"strconv"
	"strings"
)

// listener is an address somebody listens on; the host of a unix socket is
// "unix" and its port the path.
type listener struct{ host, port, path string }

func newListener(address, path string) listener {
	if socket, ok := strings.CutPrefix(address, "unix:"); ok {
		return listener{"unix", socket, path}
	}
	host, port, _ := cutPort(address)
	if port == "0" {
		port = "" // any that is free
	}
	return listener{host, port, path}
}

// overlaps reports whether only one of two listeners can have its address.
func (l listener) overlaps(o listener) bool {
	if l.port == "" || l.port != o.port || (l.host == "unix") != (o.host == "unix") {
		return false
	}
	return l.host == o.host || anyInterface(l.host) || anyInterface(o.host)
}

func anyInterface(host string) bool { return host == "" || host == "0.0.0.0" || host == "[::]" }

// overlapping returns the first of taken that overlaps l.
func overlapping(taken []listener, l listener) (listener, bool) {
	for _, o := range taken {
		if l.overlaps(o) {
			return o, true
		}
	}
	return listener{}, false
}

// checkListen checks that no two of the gateway, the console and the processes
// with a fixed port want one address.
func (m *Manifest) checkListen() {
	var taken []listener
	for i, l := range m.Gateway.Listen {
		path := item("gateway.listen", i)
		m.checkListenTLS(path, l)
		own := newListener(string(l.Address), path)
		if o, ok := overlapping(taken, own); ok {
			m.src.at(path, codeOverlap, "%s and %s listen on the same port", path, o.path).Help = "remove one"
		}
		taken = append(taken, own)
	}
	if len(m.Gateway.Listen) == 0 {
		m.src.at("gateway.listen", codeEmpty, "the gateway listens nowhere").Help = `write listen: [":8080"]`
	}
	if m.Console.Enabled {
		taken = append(taken, m.checkConsolePort(taken))
	}
	m.checkPorts(taken)
}

func (m *Manifest) checkConsolePort(taken []listener) listener {
	own := newListener(string(m.Console.Listen), "console.listen")
	if _, ok := overlapping(taken, own); ok {
		// The address may come from a variable: only the default is quoted.
		path, who := own.path, "the console"
		if !m.src.written(path) {
			path, who = "gateway.listen", "the console ("+string(m.Console.Listen)+")"
		}
		m.src.at(path, codeOverlap, "%s and the gateway listen on the same port", who).Help = "give one of them another port"
	}
	return own
}

// checkPorts checks the fixed ports of processes. The one that came too late
// would find the other answering on its port and count as ready.
func (m *Manifest) checkPorts(taken []listener) {
	for _, name := range m.ProcessNames() {
		p := m.Processes[name]
		if p == nil || p.Port == 0 || p.Listen != "port" {
			continue
		}
		own := listener{"127.0.0.1", strconv.Itoa(p.Port), below("processes", name) + ".port"}
		if o, ok := overlapping(taken, own); ok {
			m.src.at(own.path, codeOverlap, "%s and %s are the same port", own.path, o.path).Help = "give one of them another port"
		}
		taken = append(taken, own)
	}
}
