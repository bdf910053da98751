package workflows_test

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/berth-project/berth/cmd/berth/internal/workflows"
	workhttp "github.com/berth-project/berth/work/http"
	"github.com/berth-project/berth/workflow/machine"
)

func TestCallsTrustTheCertificatesOfTheFile(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	path := filepath.Join(t.TempDir(), "ca.pem")
	write := func(text []byte) {
		t.Helper()
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write([]byte("nothing"))
	if _, err := workflows.ReadCA(path); err == nil {
		t.Error("ReadCA() takes a file without certificates")
	}
	write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	trust, err := workflows.ReadCA(path)
	if err != nil {
		t.Fatal(err)
	}
	allowed := workhttp.Options{Hosts: []string{"*:*"}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	step := `{"name":"a","run":"http","retry":{"max":0},"with":{"url":"` + server.URL + `"}}`
	if r := execute(t, open(t, workflows.Options{HTTP: allowed}), "acme", step); r.Status != machine.Failed {
		t.Errorf("without the file the run is %v, want failed", r.Status)
	}
	allowed.TLS = trust
	if r := execute(t, open(t, workflows.Options{HTTP: allowed}), "acme", step); r.Status != machine.Succeeded {
		t.Errorf("with the file the run is %v: %s", r.Status, failure(r))
	}
}
