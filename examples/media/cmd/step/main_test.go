package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/berth-project/berth/examples/media/internal/picture"
	"github.com/berth-project/berth/examples/media/internal/vault"
)

func TestStepSpeaksAsBerthListens(t *testing.T) {
	t.Parallel()
	variables := map[string]string{"MEDIA_DATA": t.TempDir(), "BERTH_TENANT": "acme", "BERTH_RUN": "r1"}
	files, err := vault.Open(variables["MEDIA_DATA"], "acme")
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close() //nolint:errcheck // a directory
	if _, err := files.Write(vault.Source("photo"), func(w io.Writer) error {
		return picture.EncodePNG(w, picture.Sample(1, 64, 48))
	}); err != nil {
		t.Fatal(err)
	}
	execute := func(args []string, payload string) (status int, stdout, stderr string) {
		var out, talk bytes.Buffer
		status = run(args, func(name string) string { return variables[name] }, strings.NewReader(payload), &out, &talk)
		return status, out.String(), talk.String()
	}

	status, out, talk := execute([]string{"transcode"}, `{"source":"photo","width":32,"height":24}`)
	var made struct{ Name, SHA256 string }
	if err := json.Unmarshal([]byte(out), &made); status != 0 || err != nil || made.Name != "image-32.jpg" || len(made.SHA256) != 64 {
		t.Errorf("transcode = %d, %q, %v", status, out, err)
	}
	if !strings.HasPrefix(talk, "::progress 0 reading\n") || !strings.Contains(talk, "\n::progress 80 ") {
		t.Errorf("transcode tells its progress as %q", talk)
	}
	for name, tc := range map[string]struct {
		args    []string
		payload string
		want    string
	}{
		"missing image": {[]string{"probe"}, `{"source":"nothing","widths":[1]}`, `::fail {"code":"media.missing",`},
		"no JSON":       {[]string{"probe"}, `{`, `::fail {"code":"with",`},
		"no step":       {nil, `{}`, `::fail {"code":"refused",`},
	} {
		if status, out, talk := execute(tc.args, tc.payload); status != 1 || out != "" || !strings.HasPrefix(talk, tc.want) {
			t.Errorf("%s = %d, %q, %q, want 1 and %q", name, status, out, talk, tc.want)
		}
	}
	variables["BERTH_TENANT"] = "../acme"
	if status, out, _ := execute([]string{"probe"}, `{"source":"photo","widths":[1]}`); status != 1 || out != "" {
		t.Errorf("for a tenant that is none = %d, %q", status, out)
	}
}
