package console_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/berth-project/berth/console"
	"github.com/google/go-cmp/cmp"
)

func TestActionsAskFirstAndThenAct(t *testing.T) {
	t.Parallel()
	src := busySources(t, 2, "quickly")
	did := &actions{}
	src.Actions = did
	log, recent := logTo(t)
	src.Log = log
	c := newConsole(t, console.Config{}, src)

	for path, want := range map[string]string{
		"/processes/web0":         `href="/processes/web0/restart"`,
		"/processes/web0/restart": `<form method="post" action="/processes/web0/restart"`,
		"/processes/web0/signal":  `<form method="post" action="/processes/web0/signal"`,
	} {
		if body := ask(c, "GET", path, "").Body.String(); !strings.Contains(body, want) {
			t.Errorf("GET %s lacks %s", path, want)
		}
	}
	if got := did.all(); len(got) != 0 {
		t.Fatalf("looking has done %v", got)
	}

	w := ask(c, "POST", "/processes/web0/restart", "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/processes/web0?done=restart" {
		t.Errorf("restart = %d to %q", w.Code, w.Header().Get("Location"))
	}
	if body := ask(c, "GET", w.Header().Get("Location"), "").Body.String(); !strings.Contains(body, "Restarted: the new instances are ready.") {
		t.Error("the page does not say that it is done")
	}
	if w := ask(c, "POST", "/processes/web1/signal", "signal=HUP"); w.Code != http.StatusSeeOther {
		t.Errorf("signal = %d", w.Code)
	}
	if diff := cmp.Diff([]string{"restart web0", "signal web1 1"}, did.all()); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
	if lines, _ := recent.Since(0); len(lines) != 2 {
		t.Errorf("%d lines say what was done, want 2", len(lines))
	}
}

func TestActionsThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	src := busySources(t, 1, "quickly")
	did := &actions{}
	src.Actions = did
	c := newConsole(t, console.Config{}, src)
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{"POST", "/processes/web0/signal", "signal=9", 400},
		{"POST", "/processes/web0/signal", "signal=STOP", 400},
		{"POST", "/processes/web0/signal", "", 400},
		{"POST", "/processes/none/restart", "", 404},
		{"POST", "/processes/none/signal", "signal=HUP", 404},
		{"GET", "/processes/none/restart", "", 404},
		{"PUT", "/processes/web0/restart", "", 405},
		{"POST", "/processes/web0", "", 405},
		{"POST", "/processes/web0/signal", "signal=HUP&x=" + strings.Repeat("x", 1<<20), 400},
	} {
		if w := ask(c, test.method, test.path, test.body); w.Code != test.want {
			t.Errorf("%s %s = %d, want %d", test.method, test.path, w.Code, test.want)
		}
	}
	if got := did.all(); len(got) != 0 {
		t.Errorf("done %v", got)
	}
}

func TestAnActionThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	src := busySources(t, 1, "quickly")
	src.Actions = &actions{fail: errors.New("process web0.1 did not start: exit 3 " + hostile)}
	w := ask(newConsole(t, console.Config{}, src), "POST", "/processes/web0/restart", "")
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "did not start: exit 3") || strings.Contains(w.Body.String(), "<script>") {
		t.Errorf("a restart that fails = %d", w.Code)
	}
}

func TestWithoutActionsNoneAreOffered(t *testing.T) {
	t.Parallel()
	src := busySources(t, 1, "quickly")
	src.Actions = nil
	c := newConsole(t, console.Config{}, src)
	if body := ask(c, "GET", "/processes/web0", "").Body.String(); strings.Contains(body, "/restart") {
		t.Error("the page offers a restart nobody can carry out")
	}
	if w := ask(c, "POST", "/processes/web0/restart", ""); w.Code != http.StatusNotFound {
		t.Errorf("POST restart = %d, want 404", w.Code)
	}
}

func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	src := busySources(t, 1, "quickly")
	did := &actions{}
	src.Actions = did
	c := newConsole(t, console.Config{}, src)
	for _, method := range []string{"GET", "HEAD", "OPTIONS"} {
		for _, path := range pages {
			ask(c, method, path+"?signal=KILL&theme=dark", "")
		}
	}
	if got := did.all(); len(got) != 0 {
		t.Errorf("looking has done %v", got)
	}
}
