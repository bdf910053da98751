package manifest_test

import (
	"fmt"
	"os"

	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/manifest"
)

func ExampleParse() {
	m, problems := manifest.Parse("berth.yaml", []byte(`
service: survey
processes:
  web: {command: ./survey}
gateway:
  routes:
    - {path: /**, process: web}
access:
  - {path: /**, allow: signed-in}
`))
	if len(problems) > 0 {
		_ = diagnostic.Write(os.Stderr, problems, diagnostic.Style{})
		return
	}
	web := m.Processes["web"]
	fmt.Println(web.Listen, web.Ready.Check, web.Stop.Grace)
	fmt.Println(m.Position("gateway.routes[0].process"))
	// Output:
	// port tcp 10s
	// berth.yaml:7:28
}

func ExampleParse_problems() {
	_, problems := manifest.Parse("berth.yaml", []byte(`service: survey
gateway:
  routes:
    - {path: /survey/**, procces: web}
`))
	_ = diagnostic.Write(os.Stdout, problems, diagnostic.Style{})
	// Output:
	// error[B0107]: unknown key "procces" in a route
	//  --> berth.yaml:4:26
	//   |
	// 4 |     - {path: /survey/**, procces: web}
	//   |                          ^^^^^^^ not a key of a route
	//   |
	//   = help: did you mean "process"?
	//   = note: keys here: name, path, methods, hosts, process, upstream, static, objects, redirect, strip-prefix, host-header, max-body, timeout, internal, pass-authorization, websocket-recheck, log
}
