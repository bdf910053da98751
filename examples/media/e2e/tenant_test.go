package e2e_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestStudiosSeeOnlyTheirOwn(t *testing.T) {
	t.Parallel()
	s := berth(t)
	eli, zoe := s.signIn(t, "eli@acme.test"), s.signIn(t, "zoe@zenith.test")
	v := eli.await(eli.submit(post("/acme/runs", url.Values{"title": {"Secret"}, "side": {"300"}})))
	if v.State != "succeeded" {
		t.Fatalf("run = %s: %+v", v.State, v.Detail.Failure)
	}
	run := "/runs/" + v.ID
	// Not a member: refused by the gateway's rules.
	for _, rq := range []request{
		get("/acme/"), get("/acme/events"), get("/acme" + run), get("/acme" + run + "/events"), get("/acme" + run + "/files/package.zip"),
		post("/acme/runs", nil), post("/acme"+run+"/cancel", nil), post("/acme"+run+"/retry", nil),
		get("/files/acme/results/" + v.ID + "/package.zip"), get("/files/acme/sources/"),
	} {
		zoe.want(rq, 403)
	}
	// Through her own studio: refused by the app.
	for _, rq := range []request{
		get("/zenith" + run), get("/zenith" + run + "/events"), get("/zenith" + run + "/files/package.zip"),
		post("/zenith"+run+"/cancel", nil), post("/zenith"+run+"/retry", nil),
	} {
		zoe.want(rq, 404)
	}
	// Past the app: refused by the engine.
	for _, path := range []string{"", "/history", "/logs", "/explain", "/watch", "/steps/probe/output"} {
		zoe.want(get("/api/v1"+run+path), 404)
	}
	for _, query := range []string{"", "?tenant=acme", "?tenant=acme&tenant=zenith"} {
		if a := zoe.want(get("/api/v1/runs"+query), 200); strings.Contains(a.body, `"acme"`) {
			t.Errorf("GET /api/v1/runs%s shows a run of the other studio: %.300s", query, a.body)
		}
	}
	if page := zoe.want(get("/"), 200); strings.Contains(page.body, "acme") {
		t.Error("the other studio's waiting times are shown")
	}
	nobody := s.visitor(t)
	nobody.want(get("/acme"+run), 401)
	nobody.want(get("/api/v1"+run), 401)
	eli.want(get("/files/acme/results/"+v.ID+"/package.zip"), 403) // not even one's own
	s.keepsFilesApart(t, v)
}

// keepsFilesApart looks where the files of a run are.
func (s *service) keepsFilesApart(t *testing.T, v runView) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.mediaDirectory(), "*", "*", v.ID))
	want := filepath.Join(s.mediaDirectory(), "acme", "results", v.ID)
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
	s := berth(t)
	vera, eli := s.signIn(t, "vera@acme.test"), s.signIn(t, "eli@acme.test")
	vera.want(get("/acme/"), 200)
	vera.want(post("/acme/runs", nil), 403)
	eli.want(post("/acme/flood", url.Values{"n": {"3"}}), 403)
	vera.want(post("/acme/flood", url.Values{"n": {"3"}}), 403)
	mara := s.signIn(t, "mara@acme.test")
	for _, n := range []string{"0", "1001", "many", ""} {
		mara.want(post("/acme/flood", url.Values{"n": {n}}), 422)
	}
	cross := post("/acme/runs", url.Values{"side": {"64"}})
	cross.header = map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}
	eli.want(cross, 403)
	eli.want(request{method: "POST", path: "/api/v1/runs", kind: "application/json", body: `{"workflow":"publish","tenant":"acme"}`}, 403)
}
