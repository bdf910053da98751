package sts_test

import (
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/berth-project/berth/iam/sts"
)

func file(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDecodeSAMLResponse(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return time.Date(2026, 3, 2, 9, minute, 0, 0, time.UTC) }
	want := &sts.Assertion{
		Status:      "urn:oasis:names:tc:SAML:2.0:status:Success",
		Destination: "https://signin.aws.amazon.com/saml",
		ID:          "_a1",
		Issuer:      "http://adfs.corp.example/adfs/services/trust",
		IssuedAt:    at(0),
		Subject:     sts.Subject{Name: `CORP\jean`, Format: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"},
		Confirmations: []sts.Confirmation{{
			Method:       "urn:oasis:names:tc:SAML:2.0:cm:bearer",
			Recipient:    "https://signin.aws.amazon.com/saml",
			NotOnOrAfter: at(5),
		}},
		NotBefore:           at(0),
		NotOnOrAfter:        at(59),
		Audiences:           []string{"urn:amazon:webservices"},
		SessionNotOnOrAfter: time.Date(2026, 3, 2, 17, 0, 0, 0, time.UTC),
		Attributes: []sts.Attribute{
			{Name: "https://aws.amazon.com/SAML/Attributes/RoleSessionName", Values: []string{"jean@corp.example"}},
			{Name: "https://aws.amazon.com/SAML/Attributes/Role", Values: []string{
				"arn:aws:iam::123456789012:saml-provider/Federation-Demo,arn:aws:iam::123456789012:role/AWS-PROD-ADMIN",
				"arn:aws:iam::123456789012:role/AWS-PROD-DEV, arn:aws:iam::123456789012:saml-provider/Federation-Demo",
			}},
			{Name: "https://aws.amazon.com/SAML/Attributes/PrincipalTag:CostCenter", Values: []string{"1234"}},
		},
		SignedAssertion: true,
	}
	doc := file(t, "response.xml")
	encoded := base64.StdEncoding.EncodeToString([]byte(doc))
	for name, text := range map[string]string{
		"one line":     encoded,
		"folded lines": encoded[:76] + "\r\n" + encoded[76:152] + "\n " + encoded[152:],
	} {
		got, err := sts.DecodeSAMLResponse(text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: DecodeSAMLResponse (-want +got):\n%s", name, diff)
		}
		if got.Signature.Verified() {
			t.Errorf("%s: decoding says that the signature was verified", name)
		}
	}
}

// TestCommentsCannotHide: the text of a name is the same with a comment in it as
// without, which is what a signature is over.
func TestCommentsCannotHide(t *testing.T) {
	t.Parallel()
	doc := strings.Replace(file(t, "response.xml"), "jean@corp.example", "admin@corp.example<!-- -->.evil.example", 1)
	got, err := sts.ParseSAMLResponse([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if v := got.Attributes[0].Values[0]; v != "admin@corp.example.evil.example" {
		t.Errorf("session name with a comment within = %q, want all of its text", v)
	}
}

func TestParseSAMLResponseRefuses(t *testing.T) {
	t.Parallel()
	doc := file(t, "response.xml")
	from, to := strings.Index(doc, "<Assertion"), strings.Index(doc, "</Assertion>")+len("</Assertion>")
	assertion := doc[from:to]
	tests := []struct {
		name, doc, want string
	}{
		{"document type", "<!DOCTYPE x [<!ENTITY a 'b'>]>" + doc[strings.Index(doc, "<samlp:"):], "1:31: document type: not allowed"},
		{"document type behind the declaration", strings.Replace(doc, "<samlp:Response", "<!DOCTYPE x SYSTEM 'http://evil'><samlp:Response", 1), "document type: not allowed"},
		{"undefined entity", strings.Replace(doc, "jean@", "&jean;@", 1), "invalid character entity &jean;"},
		{"processing instruction", strings.Replace(doc, "<Subject>", "<?php x ?><Subject>", 1), `processing instruction "php"`},
		{"two assertions", strings.Replace(doc, assertion, assertion+assertion, 1), "response has 2 assertions"},
		{"an assertion in another", strings.Replace(doc, "<Subject>", "<Advice>"+assertion+"</Advice><Subject>", 1), "response has 2 assertions"},
		{"an assertion in an extension", strings.Replace(doc, assertion, "<samlp:Extensions>"+assertion+"</samlp:Extensions>", 1), "response has no assertion"},
		{"no assertion", strings.Replace(doc, assertion, "", 1), "response has no assertion"},
		{"encrypted", strings.Replace(doc, assertion, "<saml:EncryptedAssertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'/>", 1), "assertion is encrypted"},
		{"another document", "<html><body>sign in</body></html>", `document is html ""`},
		{"SAML 1.1", strings.ReplaceAll(doc, "SAML:2.0:protocol", "SAML:1.0:protocol"), "want the Response of SAML 2.0"},
		{"version", strings.ReplaceAll(doc, `Version="2.0"`, `Version="1.1"`), `assertion of version "1.1"`},
		{"time without zone", strings.Replace(doc, `IssueInstant="2026-03-02T09:00:00Z"`, `IssueInstant="2026-03-02T09:00:00"`, 2), `IssueInstant "2026-03-02T09:00:00" is not a time with a zone`},
		{"attribute twice", strings.Replace(doc, `ID="_a1"`, `ID="_a1" ID="_a2"`, 1), `attribute "ID" twice`},
		{"two roots", doc + "<x/>", "a second element at the top"},
		{"text behind", doc + "x", "text outside"},
		{"cut off", doc[:len(doc)/2], "document is not XML"},
		{"encoding", strings.Replace(doc, "UTF-8", "UTF-16", 1), "document is not XML"},
		{"nothing", "", "document has no element"},
		{"deep", strings.Repeat("<a>", 50), "elements nested more than 40 deep"},
		{"many", "<a>" + strings.Repeat("<b/>", 6000), "more than 5000 elements"},
		{"large", strings.Repeat(" ", 100001), "document of 100001 bytes"},
	}
	for _, tc := range tests {
		got, err := sts.ParseSAMLResponse([]byte(tc.doc))
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: ParseSAMLResponse = %+v, %v, want an error with %q", tc.name, got, err, tc.want)
		}
	}
	for name, text := range map[string]string{
		"short":      "PHg",
		"long":       strings.Repeat("A", 100001),
		"not base64": "<samlp:Response>",
	} {
		if got, err := sts.DecodeSAMLResponse(text); err == nil {
			t.Errorf("%s: DecodeSAMLResponse = %+v, want an error", name, got)
		}
	}
}

// TestRejectionHasNoAssertion: an identity provider that says no sends its
// reason and nothing else.
func TestRejectionHasNoAssertion(t *testing.T) {
	t.Parallel()
	got, err := sts.ParseSAMLResponse([]byte(file(t, "rejection.xml")))
	if err != nil {
		t.Fatal(err)
	}
	want := &sts.Assertion{Status: "urn:oasis:names:tc:SAML:2.0:status:Responder", StatusMessage: "user is locked"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ParseSAMLResponse (-want +got):\n%s", diff)
	}
}

func FuzzParseSAMLResponse(f *testing.F) {
	f.Add([]byte(file(f, "response.xml")))
	f.Add([]byte(file(f, "rejection.xml")))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		a, err := sts.ParseSAMLResponse(doc)
		if err == nil && a.Signature.Verified() {
			t.Fatalf("ParseSAMLResponse(%q) says that it is verified", doc)
		}
		if _, err := sts.DecodeSAMLResponse(string(doc)); err == nil && len(doc) > 100000 {
			t.Fatalf("DecodeSAMLResponse took %d bytes", len(doc))
		}
		for _, x := range sts.ExplainSAML(&sts.SAMLQuestion{Response: a, ResponseError: err}) {
			if len(x.Checks) == 0 {
				t.Fatalf("ExplainSAML(%q) checks nothing", doc)
			}
		}
	})
}
