package e2e_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/berth-project/berth/examples/internal/story"
)

func TestStudiosSeeOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	s := media.Service(t)
	eli, zoe := signIn(t, s, "eli@acme.test"), signIn(t, s, "zoe@zenith.test")
	v := eli.await(eli.submit(post("/acme/runs", url.Values{"title": {"Secret"}, "side": {"300"}})))
	if v.State != "succeeded" {
		t.Fatalf("run = %s: %+v", v.State, v.Detail.Failure)
	}
	run := "/runs/" + v.ID
	// Not a member: refused by the gateway's rules.
	for _, rq := range []story.Request{
		story.Get("/acme/"), story.Get("/acme/events"), story.Get("/acme" + run), story.Get("/acme" + run + "/events"), story.Get("/acme" + run + "/files/package.zip"),
		post("/acme/runs", nil), post("/acme"+run+"/cancel", nil), post("/acme"+run+"/retry", nil),
		story.Get("/files/acme/results/" + v.ID + "/package.zip"), story.Get("/files/acme/sources/"),
	} {
		zoe.Want(rq, 403)
	}
	// Through her own studio: refused by the app.
	for _, rq := range []story.Request{
		story.Get("/zenith" + run), story.Get("/zenith" + run + "/events"), story.Get("/zenith" + run + "/files/package.zip"),
		post("/zenith"+run+"/cancel", nil), post("/zenith"+run+"/retry", nil),
	} {
		zoe.Want(rq, 404)
	}
	// Past the app: refused by the engine.
	for _, path := range []string{"", "/history", "/logs", "/explain", "/watch", "/steps/probe/output"} {
		zoe.Want(story.Get("/api/v1"+run+path), 404)
	}
	for _, query := range []string{"", "?tenant=acme", "?tenant=acme&tenant=zenith"} {
		if a := zoe.Want(story.Get("/api/v1/runs"+query), 200); strings.Contains(a.Text, `"acme"`) {
			t.Errorf("GET /api/v1/runs%s shows a run of the other studio: %.300s", query, a.Text)
		}
	}
	if page := zoe.Want(story.Get("/"), 200); strings.Contains(page.Text, "acme") {
		t.Error("the other studio's waiting times are shown")
	}
	nobody := s.Visitor(t)
	nobody.Want(story.Get("/acme"+run), 401)
	nobody.Want(story.Get("/api/v1"+run), 401)
	eli.Want(story.Get("/files/acme/results/"+v.ID+"/package.zip"), 403) // not even one's own
	keepsFilesApart(t, s, v)
}

// keepsFilesApart looks where the files of a run are.
func keepsFilesApart(t *testing.T, s *story.Service, v runView) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.Data, "*", "*", v.ID))
	want := filepath.Join(s.Data, "acme", "results", v.ID)
	if err != nil || len(found) != 1 || found[0] != want {
		t.Errorf("the run has the directories %v, %v, want %s alone: the others are cleaned up", found, err, want)
	}
	info, err := os.Stat(want)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory = %v, %v, want it closed to other users of the machine", info, err)
	}
}

func TestRolesWithinAStudio(t *testing.T) {
	t.Parallel()
	s := media.Service(t)
	vera, eli := signIn(t, s, "vera@acme.test"), signIn(t, s, "eli@acme.test")
	vera.Want(story.Get("/acme/"), 200)
	vera.Want(post("/acme/runs", nil), 403)
	eli.Want(post("/acme/flood", url.Values{"n": {"3"}}), 403)
	vera.Want(post("/acme/flood", url.Values{"n": {"3"}}), 403)
	mara := signIn(t, s, "mara@acme.test")
	for _, n := range []string{"0", "1001", "many", ""} {
		mara.Want(post("/acme/flood", url.Values{"n": {n}}), 422)
	}
	cross := post("/acme/runs", url.Values{"side": {"64"}})
	cross.Header = map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}
	eli.Want(cross, 403)
	eli.Want(story.Request{Method: "POST", Path: "/api/v1/runs", Kind: "application/json", Body: `{"workflow":"publish","tenant":"acme"}`}, 403)
}
