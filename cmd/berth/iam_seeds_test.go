package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
)

const iamExamples = "../../examples/iam"

// seedDefects are the defects of the published policies that have a code, each
// with the place where the linter must find it. The numbers are those of the
// page.
var seedDefects = []struct {
	item                     int
	file, policy, code, path string
	known                    []string // flags that say what is known besides
}{
	{1, "deployment-vendor.txt", "Granting DjaoDjin Access to the Registry", "LP_RESOURCE_STAR", "Statement[0]", nil},
	{1, "deployment-vendor.txt", "Granting DjaoDjin Access to the Registry", "LP_MIXED_STAR", "Statement[0]", nil},
	{2, "deployment-vendor.txt", "Trust relationship", "TRUST_ACCOUNT_ROOT", "Statement[0].Principal.AWS", nil},
	{3, "deployment-vendor.txt", "Trust relationship", "LP_PLACEHOLDER", "Statement[0].Principal.AWS", nil},
	{3, "deployment-vendor.txt", "Trust relationship", "LP_PLACEHOLDER", "Statement[0].Condition.StringEquals.sts:ExternalId", nil},
	{3, "deployment-vendor.txt", "Trust relationship", "EMPTY_SID_VALUE", "Statement[0]", nil},
	{4, "deployment-vendor.txt", "Database access", "DEAD_ARN_ID_FORMAT", "Statement[0].Resource[0]", nil},
	{5, "deployment-vendor.txt", "Database access", "SEC_NETWORK_EXPOSURE", "Statement[0]", nil},
	{6, "deployment-vendor.txt", "Database access", "GAP_DESCRIBE_MISSING", "Statement[0]", nil},
	{7, "cloud-environment.md", "Policy for SQS access", "INVALID_ACTION", "Statement[0].Action[3]", nil},
	{7, "cloud-environment.md", "Policy for SQS access", "INVALID_ACTION", "Statement[0].Action[4]", nil},
	{7, "cloud-environment.md", "Policy for SQS access", "INVALID_ACTION", "Statement[0].Action[8]", nil},
	{8, "cloud-environment.md", "Policy for SQS access", "LP_SHARED_ROLE", "Statement[0]", nil},
	{8, "cloud-environment.md", "Policy for SQS access", "LP_SHARED_ROLE", "$", []string{"--used-by", "web,worker", "-f", iamExamples}},
	{8, "cloud-environment.md", "Policy for SQS access", "LP_UNUSED", "Statement[1].Action", []string{"--calls", iamExamples + "/calls.jsonl"}},
	{9, "cloud-environment.md", "Policy to allow the application to access Media and Static S3 buckets", "INVALID_ACTION", "Statement[0].Action[4]", nil},
	{10, "cloud-environment.md", "Policy to allow the application to access Media and Static S3 buckets", "DEAD_ACTION_RESOURCE_MISMATCH", "Statement[0].Action[5]", nil},
	{10, "cloud-environment.md", "Policy to allow the application to access Media and Static S3 buckets", "GAP_LIST_BUCKET", "Statement[0]", nil},
	{11, "cloud-environment.md", "Policy to allow the application to access Media and Static S3 buckets", "SEC_OBJECT_ACL", "Statement[0].Action[1]", nil},
	{12, "cloud-environment.md", "Policy to allow the application to access Media and Static S3 buckets", "LP_CROSS_PRODUCT", "Statement[0]", nil},
	{12, "cloud-environment.md", "Policy to allow the application to access Media and Static S3 buckets", "LP_SHARED_ROLE", "Statement[0]", nil},
	{13, "cloud-environment.md", "Policy to allow the application to access Media and Static S3 buckets", "GAP_MULTIPART_ABORT", "Statement[0]", nil},
	{14, "iam-articles.txt", "Key IAM terms", "UNSUPPORTED_PRINCIPAL", "Statement[0].Principal", nil},
	{15, "iam-articles.txt", "Service Roles", "LP_SERVICE_WILDCARD", "Statement[0].Action", nil},
	{15, "iam-articles.txt", "Service Roles", "DEAD_ACTION_RESOURCE_MISMATCH", "Statement[0].Action", nil},
	{16, "iam-articles.txt", "Service Roles", "DEAD_BUCKET_NAME", "Statement[0].Resource", nil},
	{17, "iam-articles.txt", "IAM Boundaries", "DEAD_BUCKET_NAME", "Statement[0].Resource", nil},
	{17, "iam-articles.txt", "IAM Boundaries", "GAP_LIST_BUCKET", "Statement[0]", nil},
	{18, "iam-articles.txt", "IAM Policy with Conditions and Context Keys", "PRIVATE_IP_ADDRESS", "Statement[0].Condition.IpAddress.aws:SourceIp", nil},
	{18, "iam-articles.txt", "IAM Policy with Conditions and Context Keys", "DEAD_BUCKET_NAME", "Statement[0].Resource", nil},
	{19, "iam-articles.txt", "IAM Policy with Conditions and Context Keys", "DEAD_DATE_EXPIRED", "Statement[0].Condition.DateLessThan.aws:CurrentTime", nil},
	{20, "iam-articles.txt", "Cross-Account Access Management", "TRUST_ACCOUNT_ROOT", "Statement[0].Principal.AWS", nil},
	{20, "iam-articles.txt", "Cross-Account Access Management", "TRUST_NO_EXTERNAL_ID", "Statement[0]", nil},
	{23, "workflow-roles.md", "Trust Relationship", "MISSING_STATEMENT", "$", nil},
	{24, "workflow-roles.md", "CustomerManaged-POP.SQSEditor", "DEAD_WILDCARD_NO_MATCH", "Statement[0].Action[3]", nil},
	{24, "workflow-roles.md", "CustomerManaged-POP.SQSEditor", "LP_RESOURCE_STAR", "Statement[0]", nil},
	{24, "workflow-roles.md", "CustomerManaged-POP.SQSEditor", "LP_ACTION_WILDCARD", "Statement[0].Action[0]", nil},
	{24, "workflow-roles.md", "CustomerManaged-POP.SQSEditor", "LP_ACTION_WILDCARD", "Statement[0].Action[1]", nil},
	{25, "workflow-roles.md", "CustomerManaged-POP.DynamoDBEditor", "LP_WILDCARD_REACHES_DESTRUCTIVE", "Statement[0].Action[0]", nil},
	{26, "workflow-roles.md", "CustomerManaged-POP.DynamoDBEditor", "SEC_RESOURCE_POLICY_WRITE", "Statement[0].Action[6]", nil},
	{27, "workflow-roles.md", "CustomerManaged-POP.DynamoDBEditor", "LP_RESOURCE_STAR", "Statement[0]", nil},
	{27, "workflow-roles.md", "CustomerManaged-POP.DynamoDBEditor", "LP_SHARED_ROLE", "Statement[0]", nil},
	{28, "workflow-roles.md", "CustomerManaged-POP.LambdaLauncher", "SEC_EXECUTE_ANY", "Statement[0]", nil},
	{28, "workflow-roles.md", "CustomerManaged-POP.LambdaLauncher", "LP_RESOURCE_STAR", "Statement[0]", nil},
}

// items is how many defects the page describes.
const items = 29

// correctedBy are the commands that write the corrected policies. Those without
// one are written by hand.
var correctedBy = map[string]string{
	"registry-access.json":     "generate --need image:shop=pull --account 111122223333 --region eu-central-1",
	"registry-trust.json":      "trust --vendor arn:aws:iam::444455556666:role/deployer --external-id 5e1f0c6ba7d94f7c8f3a2b9d61c0e874",
	"database-ingress.json":    "generate --need ingress:sg-0a1b2c3d4e5f60718=open --account 111122223333 --region eu-central-1",
	"panelapp-web.json":        "generate --process web --account 111122223333 --region eu-central-1",
	"panelapp-worker.json":     "generate --process worker --account 111122223333 --region eu-central-1",
	"bucket-policy.json":       "",
	"service-role.json":        "generate --need bucket:my-example-bucket=read,write --account 123456789012 --region eu-central-1",
	"boundary.json":            "",
	"instance-trust.json":      "trust --compute ec2",
	"office-reader.json":       "",
	"cross-account-trust.json": "trust --role arn:aws:iam::123456789012:role/deploy",
	"chain-first.json":         "generate --need role:SecondRole=assume --account 123456789012 --region eu-central-1",
	"chain-second-trust.json":  "trust --role arn:aws:iam::123456789012:role/InitialRole",
	"claim-rules.txt":          "saml-roles --safer --provider Federation-Demo --account 123456789012",
	"saml-trust.json":          "trust --saml arn:aws:iam::123456789012:saml-provider/Federation-Demo",
	"pop-trust.json":           "trust --compute lambda",
	"pop-endpoint.json":        "generate -f workflow.yaml --process endpoint --account 111122223333 --region eu-central-1",
	"pop-pool.json":            "generate -f workflow.yaml --process pool --account 111122223333 --region eu-central-1",
	"pop-scheduler.json":       "generate -f workflow.yaml --process scheduler --account 111122223333 --region eu-central-1",
	"pop-launcher.json":        "generate -f workflow.yaml --process launcher --account 111122223333 --region eu-central-1",
	"pop-callback.json":        "generate -f workflow.yaml --process callback --account 111122223333 --region eu-central-1",
	"pop-reclaimer.json":       "generate -f workflow.yaml --process reclaimer --account 111122223333 --region eu-central-1",
	"pop-reaper.json":          "generate -f workflow.yaml --process reaper --account 111122223333 --region eu-central-1",
	"pop-boundary.json":        "",
}

// runBerth runs the command line and returns what it prints.
func runBerth(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, talk bytes.Buffer
	status = run(context.Background(), args, streams{nil, strings.NewReader(""), &out, &talk})
	return out.String(), talk.String(), status
}

// lintedPolicy is one policy of the linter's JSON.
type lintedPolicy struct {
	File, Name, Kind string
	Findings         []lintedFinding
}

type lintedFinding struct {
	Code, Severity, Level, Path, Message string
	Line                                 int
}

// lintExamples lints a file or folder of the examples at a time that stands.
func lintExamples(t *testing.T, path string, flags ...string) []lintedPolicy {
	t.Helper()
	args := append([]string{"iam", "lint", "--json", "--now", "2026-01-01T00:00:00Z", iamExamples + "/" + path}, flags...)
	out, talk, _ := runBerth(t, args...)
	var report struct{ Documents []lintedPolicy }
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("berth %s: %v\n%s", strings.Join(args, " "), err, talk)
	}
	for i := range report.Documents {
		report.Documents[i].File = filepath.Base(report.Documents[i].File)
	}
	return report.Documents
}

func policyNamed(t *testing.T, all []lintedPolicy, file, name string) lintedPolicy {
	t.Helper()
	i := slices.IndexFunc(all, func(p lintedPolicy) bool { return p.File == file && p.Name == name })
	if i < 0 {
		t.Fatalf("%s has no policy %q", file, name)
	}
	return all[i]
}

// TestPublishedDefectsAreFound looks for every coded defect at its place.
func TestPublishedDefectsAreFound(t *testing.T) {
	t.Parallel()
	for _, d := range seedDefects {
		t.Run(fmt.Sprintf("%d_%s", d.item, d.code), func(t *testing.T) {
			t.Parallel()
			p := policyNamed(t, lintExamples(t, "seeds/"+d.file, d.known...), d.file, d.policy)
			if !slices.ContainsFunc(p.Findings, func(f lintedFinding) bool { return f.Code == d.code && f.Path == d.path }) {
				t.Errorf("%s: no %s at %s in %v", d.policy, d.code, d.path, p.Findings)
			}
		})
	}
}

// TestCorrectedReference writes the corrected policies that commands write, and
// holds all of them to what these write. It is not parallel: the page is about
// what it leaves behind.
func TestCorrectedReference(t *testing.T) {
	for name, command := range correctedBy {
		path := filepath.Join(iamExamples, "corrected", name)
		got, err := os.ReadFile(path)
		if err != nil && !*update {
			t.Fatal(err)
		}
		if command == "" {
			continue
		}
		want, talk, status := runBerth(t, correctingArgs(command)...)
		if status != 0 {
			t.Fatalf("berth iam %s: status %d: %s", command, status, talk)
		}
		if *update {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s is not what berth iam %s writes (-want +got):\n%s", name, command, diff)
		}
	}
}

// correctingArgs are the arguments of a command that is called in the folder of
// the examples.
func correctingArgs(command string) []string {
	args := append([]string{"iam"}, strings.Fields(command)...)
	if args[1] != "generate" || strings.Contains(command, "--need") {
		return args
	}
	if i := slices.Index(args, "-f"); i >= 0 {
		args[i+1] = iamExamples + "/" + args[i+1]
		return args
	}
	return append(args, "-f", iamExamples)
}

func TestCorrectedPoliciesAreClean(t *testing.T) {
	t.Parallel()
	out, talk, status := runBerth(t, "iam", "lint", iamExamples+"/corrected", "--config", iamExamples+"/lint.json", "--fail-on", "low", "--show", "low")
	if status != 0 || out != "" {
		t.Errorf("status %d\n%s%s", status, out, talk)
	}
	var names []string
	for _, p := range lintExamples(t, "corrected") {
		names = append(names, p.File)
	}
	for name := range correctedBy {
		if !slices.Contains(names, name) && name != "claim-rules.txt" {
			t.Errorf("the linter does not see corrected/%s", name)
		}
	}
	if len(names) != len(correctedBy)-1 {
		t.Errorf("corrected has %d policies, and the table %d", len(names), len(correctedBy)-1)
	}
}

func TestCorrectedPoliciesDecideAsRecorded(t *testing.T) {
	t.Parallel()
	out, talk, status := runBerth(t, "iam", "evaluate", "--cases", iamExamples+"/cases.json")
	if status != 0 {
		t.Errorf("status %d: %s\n%s", status, talk, out)
	}
	text, err := os.ReadFile(iamExamples + "/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	for name := range correctedBy {
		if name != "claim-rules.txt" && !bytes.Contains(text, []byte(`"corrected/`+name+`"`)) {
			t.Errorf("no case is about corrected/%s", name)
		}
	}
}

func TestManifestsOfTheExamplesAreFine(t *testing.T) {
	t.Parallel()
	for _, path := range []string{iamExamples, iamExamples + "/workflow.yaml"} {
		if _, talk, status := runBerth(t, "check", "--strict", path); status != 0 {
			t.Errorf("berth check %s: status %d: %s", path, status, talk)
		}
	}
}

// TestSeedsReference keeps docs/iam-seeds.md what the linter says.
func TestSeedsReference(t *testing.T) {
	t.Parallel()
	const path = "../../docs/iam-seeds.md"
	want := seedsPage(t)
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/iam-seeds.md is not what the linter says; run make generate (-want +got):\n%s", diff)
	}
}

// seedsWriter is the page while it is written.
type seedsWriter struct {
	t         *testing.T
	policies  []lintedPolicy
	told      []string // policies that were shown
	items     int
	corrected []string
}

func seedsPage(t *testing.T) []byte {
	t.Helper()
	w := &seedsWriter{t: t, policies: lintExamples(t, "seeds")}
	page, err := template.New("iam-seeds.md.tmpl").Funcs(template.FuncMap{
		"summary": w.summary, "policy": w.policy, "item": w.item, "corrected": w.correct, "remains": w.remains, "cases": w.cases,
	}).ParseFiles("testdata/iam-seeds.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, nil); err != nil {
		t.Fatal(err)
	}
	if len(w.told) != len(w.policies) || w.items != items || len(w.corrected) != len(correctedBy) {
		t.Fatalf("the page shows %d of %d policies, %d of %d defects, %d of %d corrections",
			len(w.told), len(w.policies), w.items, items, len(w.corrected), len(correctedBy))
	}
	return b.Bytes()
}

// summary is a table of all policies.
func (w *seedsWriter) summary() string {
	var b strings.Builder
	b.WriteString("| document | policy | read as | errors | security | warnings | suggestions |\n|---|---|---|---|---|---|---|\n")
	for _, p := range w.policies {
		n := map[string]int{}
		for _, f := range p.Findings {
			n[f.Severity]++
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %d | %d | %d | %d |\n", p.File, p.Name, p.Kind, n["error"], n["security"], n["warning"], n["suggestion"])
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// policy shows a published policy, laid out, and what the linter finds.
func (w *seedsWriter) policy(file, name string) string {
	p := policyNamed(w.t, w.policies, file, name)
	w.told = append(w.told, name)
	var b bytes.Buffer
	b.WriteString("```json\n")
	if err := json.Indent(&b, w.text(file, name), "", "  "); err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	fmt.Fprintf(&b, "\n```\n\nRead as: %s.", p.Kind)
	if len(p.Findings) == 0 {
		b.WriteString(" Nothing is found.")
		return b.String()
	}
	fmt.Fprintf(&b, "\n\n| line | code | level | where | finding |\n|---|---|---|---|---|\n")
	for _, f := range p.Findings {
		fmt.Fprintf(&b, "| [%d](../examples/iam/seeds/%s#L%d) | `%s` | %s, %s | `%s` | %s |\n", f.Line, file, f.Line, f.Code, f.Severity, f.Level, f.Path, cell(f.Message))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// text is the published policy: the JSON behind the name in the file.
func (w *seedsWriter) text(file, name string) json.RawMessage {
	text, err := os.ReadFile(filepath.Join(iamExamples, "seeds", file))
	if err != nil {
		w.t.Fatal(err)
	}
	_, below, ok := bytes.Cut(text, []byte(name+"\n"))
	start := bytes.IndexByte(below, '{')
	if !ok || start < 0 {
		w.t.Fatalf("%s: there is no policy below %q", file, name)
	}
	var raw json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(below[start:])).Decode(&raw); err != nil {
		w.t.Fatalf("%s: %s: %v", file, name, err)
	}
	return raw
}

// item begins a defect with its number and the codes that find it.
func (w *seedsWriter) item(n int) string {
	if w.items++; n != w.items {
		w.t.Fatalf("defect %d stands where %d should", n, w.items)
	}
	var codes []string
	for _, d := range seedDefects {
		if code := "`" + d.code + "`"; d.item == n && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	if len(codes) == 0 {
		return fmt.Sprintf("**%d.**", n)
	}
	return fmt.Sprintf("**%d.** (%s)", n, strings.Join(codes, ", "))
}

// longPolicy is from how many lines on a policy is folded.
const longPolicy = 60

// correct shows a corrected policy and how it was written.
func (w *seedsWriter) correct(name string) string {
	text, err := os.ReadFile(filepath.Join(iamExamples, "corrected", name))
	if err != nil {
		w.t.Fatal(err)
	}
	w.corrected = append(w.corrected, name)
	how := "written by hand"
	if command := correctedBy[name]; command != "" {
		how = "written by `berth iam " + command + "`"
	}
	block := "```" + strings.TrimPrefix(filepath.Ext(name), ".") + "\n" + string(text) + "```"
	head := fmt.Sprintf("[`corrected/%s`](../examples/iam/corrected/%s), %s:", name, name, how)
	if bytes.Count(text, []byte("\n")) > longPolicy {
		return head + "\n\n<details><summary>show</summary>\n\n" + block + "\n\n</details>"
	}
	return head + "\n\n" + block
}

// remains is what the linter finds in the corrected policies without settings.
func (w *seedsWriter) remains() string {
	var b strings.Builder
	b.WriteString("| policy | code | level | finding |\n|---|---|---|---|\n")
	for _, p := range lintExamples(w.t, "corrected") {
		for _, f := range p.Findings {
			fmt.Fprintf(&b, "| `%s` | `%s` | %s, %s | %s |\n", p.File, f.Code, f.Severity, f.Level, cell(f.Message))
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (w *seedsWriter) cases() int {
	out, _, _ := runBerth(w.t, "iam", "evaluate", "--cases", iamExamples+"/cases.json")
	return strings.Count(out, "\n")
}

// cell is plain text in a table of Markdown.
func cell(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;").Replace(s)
}
