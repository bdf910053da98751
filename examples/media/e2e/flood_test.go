package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/berth-project/berth/examples/internal/story"
)

// flooded runs the example with two runs at once, no bound for each studio,
// and one policy: what order runs have is the policy's doing alone. One studio
// has n runs in the queue when another submits five. It returns how many of the
// n ended before the last of the five, in the order in which runs ended.
func flooded(t *testing.T, policy string, n int) (before int) {
	t.Helper()
	s := withQueue(t, "policy: "+policy+"\n    concurrency: {runs: 2}")
	mara, zoe, dana := signIn(t, s, "mara@acme.test"), signIn(t, s, "zoe@zenith.test"), signIn(t, s, "dana@example.test")
	mara.flood(n)
	var five []string
	for range 5 {
		five = append(five, zoe.submit(post("/zenith/runs", url.Values{"title": {"Small"}, "side": {"120"}})))
	}
	dana.showsWaits()
	for _, id := range five {
		if v := zoe.await(id); v.State != "succeeded" {
			t.Fatalf("run = %s: %+v", v.State, v.Detail.Failure)
		}
	}
	ended := 0
	for _, r := range dana.runs(url.Values{"order": {"finished"}}) {
		switch {
		case slices.Contains(five, r.ID):
			before = ended
		case r.Tenant == "acme":
			ended++
		}
	}
	t.Logf("policy %s: %d of %d runs ended before the last of the other studio's five", policy, before, n)
	return before
}

func TestAFloodDelaysNobodyElse(t *testing.T) {
	if before := flooded(t, "fair", 200); before >= 40 {
		t.Errorf("%d runs of the flood ended before the last of the other studio's five, want fewer than 40", before)
	}
}

// Without it the test above would show nothing: in the order of submission the
// five are last.
func TestWithoutFairnessAFloodDelaysEverybody(t *testing.T) {
	if before := flooded(t, "fifo", 50); before < 40 {
		t.Errorf("%d of 50 runs ended before the last of the five, want 40 and more", before)
	}
}

// withQueue runs the example with another queue than the manifest's, until the
// test ends.
func withQueue(t *testing.T, settings string) *story.Service {
	t.Helper()
	text, err := os.ReadFile("../berth.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const own = "policy: fair\n    concurrency: {runs: 4, per-tenant: 3}"
	if strings.Count(string(text), own) != 1 {
		t.Fatalf("berth.yaml does not have the queue %q", own)
	}
	// It has to be in the directory that its paths are relative to.
	f, err := os.CreateTemp("..", "berth-*.e2e.yaml")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(f.Name()) })
	if _, err := f.WriteString(strings.Replace(string(text), own, settings, 1)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return media.ServiceWith(t, filepath.Base(f.Name()))
}

// flood floods with the command that people use.
func (p *person) flood(n int) {
	p.T.Helper()
	cmd := exec.CommandContext(p.T.Context(), "go", "run", "./examples/media/cmd/flood",
		"-url", p.Service.URL, "-tenant", "acme", "-email", p.Name, "-n", strconv.Itoa(n))
	cmd.Dir, cmd.Env = story.Root, append(os.Environ(), "MEDIA_PASSWORD="+p.Service.Password(p.T, p.Name))
	out, err := cmd.CombinedOutput()
	if want := fmt.Sprintf("%d runs of acme are in the queue", n); err != nil || !strings.HasPrefix(string(out), want) {
		p.T.Fatalf("flood = %v, %s, want %q", err, out, want)
	}
}

// showsWaits looks whether the first page compares the studios of its reader.
func (p *person) showsWaits() {
	p.T.Helper()
	page := p.Want(story.Get("/"), 200).Text
	p.stream("/waits", func(event, data string) bool {
		page += data
		return event == "show"
	})
	for _, want := range []string{`<th scope="row">acme</th>`, `<th scope="row">zenith</th>`, `\u003eacme\u003c/th`} {
		if !strings.Contains(page, want) {
			p.T.Errorf("the page says nowhere %s:\n%s", want, page)
		}
	}
}

// runs lists runs that this person may see, as the engine's API tells them.
func (p *person) runs(q url.Values) []runView {
	p.T.Helper()
	var all []runView
	q.Set("limit", "1000")
	for {
		var page struct {
			Runs []runView
			Next string
		}
		if err := json.Unmarshal([]byte(p.Want(story.Get("/api/v1/runs?"+q.Encode()), 200).Text), &page); err != nil {
			p.T.Fatal(err)
		}
		all = append(all, page.Runs...)
		if page.Next == "" || len(page.Runs) == 0 {
			return all
		}
		q.Set("cursor", page.Next)
	}
}
