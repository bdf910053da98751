package manifest_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/access"
	"github.com/berth-project/berth/environ"
	"github.com/berth-project/berth/internal/diagnostic"
	"github.com/berth-project/berth/manifest"
	"github.com/berth-project/berth/secret"
)

func parse(t testing.TB, text string) *manifest.Manifest {
	t.Helper()
	m, problems := manifest.Parse("berth.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatalf("Parse() reports\n%v", problems)
	}
	return m
}

func environment(pairs ...string) *environ.Set {
	var variables []environ.Variable
	for i := 0; i < len(pairs); i += 2 {
		variables = append(variables, environ.Variable{Name: pairs[i], Value: secret.New(pairs[i+1])})
	}
	return environ.NewSet(variables...)
}

func TestLoadTakesAFileOrItsDirectory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, manifest.FileName)
	if err := os.WriteFile(file, []byte("service: found\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, file} {
		m, problems := manifest.Load(path)
		if len(problems) > 0 || m.Service != "found" || m.Directory() != dir || m.File() != file {
			t.Errorf("Load(%q) = %+v, %v", path, m, problems)
		}
	}
}

func TestLoadSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	m, problems := manifest.Load(t.TempDir())
	if m != nil || len(problems) != 1 || problems[0].Code != "B0100" || problems[0].Help == "" {
		t.Errorf("Load(empty directory) = %v, %v", m, problems)
	}
}

func TestParseRefusesWhatIsTooBig(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"bytes":        "service: x\n#" + strings.Repeat("x", manifest.MaxBytes),
		"words":        "service: x\ndomains:\n" + strings.Repeat("- a\n", 50_000),
		"flow depth":   "service: " + strings.Repeat("[", 100_000),
		"block depth":  strings.Repeat("- ", 10_000) + "x",
		"line":         "service: x\n# " + strings.Repeat("x", 9000),
		"indent depth": indented(200),
	} {
		m, problems := manifest.Parse("berth.yaml", []byte(text))
		if m != nil || len(problems) == 0 {
			t.Errorf("%s: Parse() accepts it", name)
		}
	}
}

func indented(levels int) string {
	var b strings.Builder
	for i := range levels {
		fmt.Fprintf(&b, "%sk:\n", strings.Repeat(" ", i))
	}
	return b.String()
}

func TestPositionsPointIntoTheFile(t *testing.T) {
	t.Parallel()
	m := parse(t, `service: hello
processes:
  web:
    command: ./web
    environment: {A: b}
gateway:
  routes:
    - {path: /a, process: web}
    - path: /**
      process: web
access: [{path: /**, allow: {any: [signed-in, anyone]}}]
`)
	for path, want := range map[string]string{
		"service":                          "berth.yaml:1:10",
		"processes":                        "berth.yaml:2:1",
		"processes.web":                    "berth.yaml:3:3",
		"processes.web.command":            "berth.yaml:4:14",
		"processes.web.stop.grace":         "berth.yaml:3:3",
		"processes.web.environment.A":      "berth.yaml:5:22",
		manifest.RoutePath(0):              "berth.yaml:8:7",
		manifest.RoutePath(1) + ".path":    "berth.yaml:9:13",
		manifest.RoutePath(7):              "berth.yaml:7:3",
		manifest.RulePath(0):               "berth.yaml:11:10",
		"access[0].allow.any[1]":           "berth.yaml:11:47",
		"session.idle":                     "berth.yaml",
		"":                                 "berth.yaml",
		"no.such[3].thing":                 "berth.yaml",
		"processes[\"quoted name\"].scale": "berth.yaml:2:1",
	} {
		if got := m.Position(path).String(); got != want {
			t.Errorf("Position(%q) = %s, want %s", path, got, want)
		}
	}
	if m.Written("session.idle") || !m.Written("processes.web.command") {
		t.Error("Written tells defaults from the file wrongly")
	}
	p := m.Problem(manifest.RoutePath(1)+".process", "B0302", "does not start")
	if p.Line != 10 || p.Source != "      process: web" || p.Path != "gateway.routes[1].process" {
		t.Errorf("Problem() = %+v", p)
	}
}

func TestExpandPutsVariablesInTheirPlaces(t *testing.T) {
	t.Parallel()
	m := parse(t, `service: x
domains: ["${HOST:-app.example.com}", plain.example.com]
processes:
  web: {command: 'echo ${HOME}', directory: "${DIR}", environment: {URL: "${SECRET_URL}"}}
gateway:
  listen: ["127.0.0.1:${PORT}"]
  upstreams: {api: {targets: ["http://${API}"]}}
  routes: [{path: /**, upstream: api}]
session: {keys: "${KEYS}"}
access: [{path: /**, allow: anyone}]
`)
	got, problems := m.Expand(environment("PORT", "9000", "API", "10.0.0.1:80", "DIR", "a$b", "SECRET_URL", "hunter2", "KEYS", "hunter2"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []string{"app.example.com", "plain.example.com", "127.0.0.1:9000", "http://10.0.0.1:80", "a$b", "${SECRET_URL}", "${KEYS}", "echo ${HOME}"}
	web := got.Processes["web"]
	have := []string{
		string(got.Domains[0]), string(got.Domains[1]), string(got.Gateway.Listen[0].Address), string(got.Gateway.Upstreams["api"].Targets[0]),
		string(web.Directory), string(web.Environment["URL"]), string(got.Session.Keys), web.Command.Shell,
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("Expand (-want +got):\n%s", diff)
	}
	if m.Gateway.Listen[0].Address != "127.0.0.1:${PORT}" || m.Processes["web"].Directory != "${DIR}" {
		t.Error("Expand changed the manifest it was called on")
	}
}

func TestExpandReportsWithoutQuotingValues(t *testing.T) {
	t.Parallel()
	m := parse(t, `service: x
gateway:
  listen: [":80", "${ADDRESS}", ":${NO_SUCH_PORT}"]
session:
  keys-file: "${FILE:?say where the keys are}"
console: {listen: "${CONSOLE}"}
`)
	got, problems := m.Expand(environment("ADDRESS", "canary value", "CONSOLE", ":4100"))
	if got != nil {
		t.Error("Expand returns a manifest beside problems")
	}
	var codes []string
	for _, p := range problems {
		codes = append(codes, fmt.Sprintf("%d:%d %s", p.Line, p.Column, p.Code))
		if strings.Contains(p.Error(), "canary") {
			t.Errorf("a problem quotes a value: %v", p)
		}
	}
	if diff := cmp.Diff([]string{"3:19 B0115", "3:33 B0145", "5:14 B0145", "6:19 B0140"}, codes); diff != "" {
		t.Errorf("problems (-want +got):\n%s\n%v", diff, problems)
	}
	if !strings.Contains(problems.Error(), "say where the keys are") {
		t.Errorf("the message of the reference is not in %v", problems)
	}
}

func TestOverlapDoesNotQuoteAVariable(t *testing.T) {
	t.Parallel()
	m := parse(t, "service: x\ngateway: {listen: [\"${A}\"]}\nconsole: {listen: \"${A}\", require: {role: a, of: b}}\n")
	_, problems := m.Expand(environment("A", "canary.example:80"))
	if len(problems) != 1 || problems[0].Code != "B0128" || strings.Contains(problems.Error(), "canary") {
		t.Errorf("Expand() reports %v, want that two listen on one port, without the address", problems)
	}
}

func TestTemplateNames(t *testing.T) {
	t.Parallel()
	got := manifest.Template("${A}-$$-${B:-x}${C:?y}").Names()
	if diff := cmp.Diff([]string{"A", "B", "C"}, got); diff != "" {
		t.Errorf("Names (-want +got):\n%s", diff)
	}
}

func TestRulesBecomeAccessRules(t *testing.T) {
	t.Parallel()
	m, problems := manifest.Load("testdata/good/access.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	rules := m.Rules()
	if _, err := access.Compile(rules); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range rules {
		got = append(got, fmt.Sprint(r.ID, " ", r.Path, " ", r.Methods, " ", r.Hosts, " ", r.Allow))
	}
	want := []string{
		`rule-1 / [] [] anyone`,
		`app /app/{tenant}/** [] [] role manager or contributor of tenant`,
		`rule-3 /admin/** [GET POST] [.example.com] role manager of acme`,
		`rule-4 /premium/{tenant}/** [] [] plan premium of tenant`,
		`rule-5 /beta/** [] [] when user.email.endsWith("@example.com")`,
		`rule-6 /mixed/{tenant} [] [] all(a signed-in user; any(role teller of tenant; plan gold or silver of tenant); not(role blocked of tenant))`,
		`rule-7 /me [] [] a signed-in user`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Rules (-want +got):\n%s", diff)
	}
}

func TestWarningsAreApart(t *testing.T) {
	t.Parallel()
	m := parse(t, `service: x
processes: {web: {command: ./web, listen: port}}
gateway:
  upstreams: {api: {targets: ["http://a:1"]}}
  routes:
    - {path: /**, static: public}
    - {path: /late, static: public}
login: {allow-insecure: true}
access:
  - {path: /**, allow: anyone}
  - {path: /admin, allow: signed-in}
`)
	var got []string
	for _, w := range m.Warnings() {
		if w.Severity != diagnostic.Warning || w.Source == "" {
			t.Errorf("%v has severity %v and source %q", w, w.Severity, w.Source)
		}
		got = append(got, fmt.Sprintf("%d %s", w.Line, w.Code))
	}
	want := []string{"2 B0142", "4 B0142", "7 B0136", "8 B0144", "10 B0139", "11 B0139"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Warnings (-want +got):\n%s\n%v", diff, m.Warnings())
	}
}

// Secrets end up in manifests by mistake; nothing that is printed about a
// broken one may show them.
func TestProblemsNeverShowSecrets(t *testing.T) {
	t.Parallel()
	const canary = "hunter2"
	for _, text := range []string{
		"service: x\nenvironment: {PASSWORD: hunter2}\n",
		"service: x\nenvironment:\n  from:\n    - values: {A: hunter2, B: [hunter2]}\n",
		"service: x\nenvironment:\n  from:\n    - values:\n        A: {deep: hunter2}\n        A: hunter2\n",
		"service: x\nenvironment: {from: [{valeus: {A: hunter2}}]}\n",
		"service: x\nenv:\n  A: hunter2\n",
		"service: x\nenv: {A: hunter2}\n",
		"service: x\nDATABASE_URL: postgres://u:hunter2@h/db\n",
		"service: x\ndatabase: postgres://u:hunter2@h/db\n",
		"service: x\nsecret: hunter2\n",
		"service: x\nlogin: {secret: hunter2, titel: x}\n",
		"service: x\nsession: {keys: hunter2}\n",
		"service: x\nsession: {keys: [hunter2]}\n",
		"service: x\nsession: {keys: |\n  hunter2\n }\n",
		"service: x\nsession:\n  keys: |\n    {\"a\":\n    \"hunter2\"}\n  idle: 1\n",
		"service: x\nprocesses:\n  web: {command: ./web, environment: {TOKEN: 'a$hunter2'}}\n",
		"service: x\nprocesses:\n  web: {command: ./web, environment: {1TOKEN: hunter2}, scael: 1}\n",
		"service: x\nprocesses:\n  web: {command: ./web, environment: [TOKEN=hunter2]}\n",
		"service: x\nenvironment:\n  from:\n    - values:\n        A: \"hunter2\n",
		"service: x\nenvironment:\n  from:\n    - values:\n        A: 'b' hunter2\n",
		"service: x\nenvironment:\n  from:\n    - values:\n        A: \"b\n\n          hunter2\" c\n",
		"service: x\nprocesses: {web: {environment: {A: hunter2\n",
		"service: x\nTOKEN: @hunter2\n",
		"service: x\nenvironment:\n  from:\n    - values:\n        A: &hunter2 b\n        B: *hunter2\n        C: !hunter2 d\n",
		"service: x\nenvironment:\n  from:\n    - values:\n        a: b: hunter2\n        b: hunter2\x01\n",
		"service: x\nenvironment: {from: [{values: {a: b: hunter2}}]}\n",
		"service: x\n---\nkeys: hunter2\n",
		"service: x\nsession:\n  keys: \"a\n    hunter2: \\q\"\n",
		"service: x\nsession: {keys: hunter2, keys: hunter2}\n",
		"service: x\nsession: {kyes: [hunter2], idel: 1}\n",
		"service: x\nkeys: hunter2\n",
		"service: x\nlogin: {keys: [hunter2], titel: x}\n",
		"service: x\nvalues: {a: hunter2}\n",
		"service: x\nlogin: {environment: [hunter2], titel: x}\n",
		"service: x\nlogin: {things: [a=hunter2], titel: x}\n",
		"service: x\nlogin: {things: {a: hunter2}, titel: x}\n",
		"service: x\nlogin: {password: hunter2, titel: x}\n",
		"service: x\nlogin: {passwords: true or hunter2, titel: x}\n",
		"service: x\nenvironmen: {from: [{values: {a: hunter2}}]}\n",
		"service: x\nenvironmen: {from: [{values: {a: hunter2}}]}\nenvironmen: {a: hunter2}\n",
		"service: x\nproceses: {web: {command: ./web, environment: {a: hunter2}}}\n",
		"service: x\nproceses: {web: {command: ./web, environmen: {a: hunter2}, scael: 0}}\n",
		"service: x\nproceses: {web: {comand: {a: hunter2}, scael: 0}}\n",
		"service: x\nprocesses: {web: {command: {a: hunter2}, scael: 0}}\n",
		"service: x\nprocesses: {web: {command: a, environment: {a: b}, environment: {a: hunter2}}}\n",
		"service: x\nprocesses: {web: {command: a}, web: {command: b, environment: {a: hunter2}, scael: 0}}\n",
		// A mapping, list or text that goes on where nothing says whose it is.
		"service: x\nenvironment: {from: [{values: {\na: hunter2: }}]}\n",
		"service: x\nenvironment: {from: [{values: {\na: [hunter2 }}]}\n",
		"service: x\nenvironment: {from: [{values: {\na: \"hunter2 }}]}\n",
		"service: x\nenvironment: {from: [{values: {\n- hunter2 }}]}\n",
		"service: x\nenvironment: {from: [{values: {\nhunter2: @x }}]}\n",
		"service: x\nenvironment: {from: [{values: {\nservice: @hunter2 }}]}\n",
		"service: x\nenvironment: {from: [{values: {a: 'it''s {', b: \"\\\"}\",\nservice: @hunter2 }}]}\n",
		"service: x\nenvironment:\n  from:\n    - values:\n        A: \"one\nhunter2: x y: \"z\" q\n",
		"service: x\nenvironment:\n- hunter2: b: c\n",
		"service: x\nenvironment:\n- service: hunter2: c\n",
		"service: x\nenvironment:\n# service: x\nhunter2: b: c\n",
		"service: x\nsession:\n  keys: |\n    x\n hunter2: b: c\n",
		"service: x\nsession:\n  keys:\n  - hunter2: b: c\n",
		"service: x\nsession:\n  keys: >\n  hunter2: b: c\n",
		"service: x\nprocesses: {web: {command: x, environment: {\nA: hunter2: }}}\n",
		"service: x\nenv:\n  a: hunter2: c\n",
		"service: x\nvars: {\na: hunter2: c }\n",
		"service: x\nlogin:\n  title:\n    keys: x\n  vars:\n    path: hunter2: c\n",
	} {
		_, problems := manifest.Parse("berth.yaml", []byte(text))
		if len(problems) == 0 {
			t.Errorf("%q is accepted", text)
		}
		var b bytes.Buffer
		if err := diagnostic.Write(&b, problems, diagnostic.Style{}); err != nil {
			t.Fatal(err)
		}
		if err := diagnostic.WriteJSON(&b, problems); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), canary) {
			t.Errorf("the secret of %q is printed:\n%s", text, &b)
		}
	}
}

func TestOrdinaryProblemsShowTheirLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"service: x\ngateway:\n  routes: [{path: /a, procces: web}]\n": "  routes: [{path: /a, procces: web}]",
		"service: x\nlogin: {title: a: b}\n":                           "login: {title: a: b}",
		"service: x\r\ntelemetry: {log-level: loud}\r\n":               "telemetry: {log-level: loud}",
		"service: x\nprocesses: {web: {command: ./web, scale: 0}}":     "processes: {web: {command: ./web, scale: 0}}",
		// What stands beside an unknown key is no secret either.
		"service: x\nprocesses:\n  web: {comand: [x], scale: 0, listen: sokcet}":                   "  web: {comand: [x], scale: 0, listen: sokcet}",
		"service: x\nprocesses:\n  web: {befor: [{comand: [x]}], scael: 0}":                        "  web: {befor: [{comand: [x]}], scael: 0}",
		"service: x\nprocesses:\n  web: {command: x, verbs: [x, 1], scale: 0}":                     "  web: {command: x, verbs: [x, 1], scale: 0}",
		"service: x\nprocesses:\n  web: {command: x, scale: 1, scale: 0}":                          "  web: {command: x, scale: 1, scale: 0}",
		"service: x\ngateway:\n  routes: [{path: /a, pass-authorization: true, static: {rot: x}}]": "  routes: [{path: /a, pass-authorization: true, static: {rot: x}}]",
		"service: x\nlogin: {password: false, titel: x}":                                           "login: {password: false, titel: x}",
		// What comes after an environment is none of it.
		"service: x\nenvironment:\n  from:\n  - values:\n      a: b\n  require: [A]\nlogin: {title: a: b}\n":      "login: {title: a: b}",
		"service: x\nenvironment: {from: [{values: {A: \"{\", B: 'it''s'}}]}\nlogin: {title: a: b}\n":             "login: {title: a: b}",
		"service: x\nprocesses:\n  web: {command: x, environment: {a: b}}\n  job:\n    command: a: b\n":           "    command: a: b",
		"service: x\nprocesses:\n  web:\n    environment:\n      a: b\n    command: a: b\n":                       "    command: a: b",
		"service: x\nprocesses:\n  web:\n    environment:\n      a: b\n  job:\n    command: x\n    scale: a: b\n": "    scale: a: b",
	} {
		_, problems := manifest.Parse("berth.yaml", []byte(text))
		if len(problems) == 0 {
			t.Errorf("%q is accepted", text)
		}
		for _, p := range problems {
			if p.Source != want {
				t.Errorf("%q: %v comes with %q, want the line", text, p, p.Source)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, kind := range []string{"good", "bad"} {
		for _, file := range corpus(f, kind) {
			f.Add(read(f, file))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, problems := manifest.Parse("berth.yaml", data)
		if (m == nil) != (len(problems) > 0) {
			t.Fatalf("Parse() = %v with %d problems", m, len(problems))
		}
		lines := bytes.Split(bytes.TrimPrefix(data, []byte("\ufeff")), []byte("\n"))
		for _, p := range problems {
			checkProblem(t, p, lines)
		}
		if m == nil {
			return
		}
		again, problems := manifest.Parse("berth.yaml", m.Resolved())
		if len(problems) > 0 {
			t.Fatalf("resolved, it has problems:\n%v\n%s", problems, m.Resolved())
		}
		if !bytes.Equal(m.Resolved(), again.Resolved()) {
			t.Fatalf("resolved twice it differs:\n%s\n%s", m.Resolved(), again.Resolved())
		}
	})
}

func checkProblem(t *testing.T, p *diagnostic.Problem, lines [][]byte) {
	t.Helper()
	if _, known := diagnostic.Explain(p.Code); !known || p.Message == "" {
		t.Errorf("problem %+v has no known code or no message", p)
	}
	if p.Line == 0 && p.Column == 0 {
		return
	}
	if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len(lines[p.Line-1])+1 || p.Width < 1 {
		t.Errorf("%d:%d+%d is not a place in the file: %v", p.Line, p.Column, p.Width, p)
	}
}
