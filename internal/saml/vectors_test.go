package saml_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

const vectors = "../../testdata/vectors"

// A row is a line of responses.jsonl: a message of a real product, and the
// verdict on it that two independent verifiers agree upon.
type row struct {
	ID          string   `json:"id"`
	File        string   `json:"file"`
	IdPCerts    []string `json:"idp_certs"`
	IdPMetadata string   `json:"idp_metadata"`
	IdPEntityID string   `json:"idp_entity_id"`
	SPEntityID  string   `json:"sp_entity_id"`
	ACS         string   `json:"acs_url"`
	RequestID   string   `json:"request_id"`
	At          string   `json:"at"`
	Keys        []string `json:"sp_keys"`
	Allow       []string `json:"allow"`
	Layer       string   `json:"layer"`
	Expect      string   `json:"expect"`
	Rules       []string `json:"rules"`
	NameID      *struct {
		Value  string `json:"value"`
		Format string `json:"format"`
	} `json:"name_id"`
	Attributes map[string][]string `json:"attributes"`
}

func readRows(t *testing.T) []row {
	t.Helper()
	f, err := os.Open(filepath.Join(vectors, "responses.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []row
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	if len(rows) < 134 {
		t.Fatalf("got %d rows, want at least 134", len(rows))
	}
	return rows
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (r row) expectation(t *testing.T) (saml.Expect, time.Time) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, r.At)
	if err != nil {
		t.Fatal(err)
	}
	e := saml.Expect{EntityID: r.SPEntityID, ACS: r.ACS, RequestID: r.RequestID, Skew: saml.DefaultSkew}
	if r.IdPMetadata != "" {
		m, err := saml.ParseIdPMetadata(readFile(t, r.IdPMetadata))
		if err != nil {
			t.Fatal(err)
		}
		if m.EntityID != r.IdPEntityID {
			t.Fatalf("entity ID %q, want %q", m.EntityID, r.IdPEntityID)
		}
		e.IdP = m.Expect()
	}
	e.IdP.EntityID = r.IdPEntityID
	for _, name := range r.IdPCerts {
		block, _ := pem.Decode(readFile(t, name))
		if block == nil {
			t.Fatalf("%s: no PEM", name)
		}
		k, err := saml.NewMetadataKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		e.IdP.Keys = append(e.IdP.Keys, k.Key)
	}
	for _, name := range r.Keys {
		k, err := xmlenc.KeyFromPEM(readFile(t, name))
		if err != nil {
			t.Fatal(err)
		}
		e.DecryptionKeys = append(e.DecryptionKeys, k)
	}
	for _, name := range r.Allow {
		if err := e.Legacy.Allow(name); err != nil {
			t.Fatal(err)
		}
	}
	return e, at
}

// message returns the XML of the row, or the error of the binding.
func (r row) message(t *testing.T) (string, error) {
	t.Helper()
	b := readFile(t, r.File)
	if trimmed := bytes.TrimSpace(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))); len(trimmed) > 0 && trimmed[0] == '<' {
		return string(b), nil
	}
	return saml.DecodePost(string(b))
}

func TestVectors(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for _, r := range readRows(t) {
		t.Run(r.ID, func(t *testing.T) {
			expect, at := r.expectation(t)
			message, err := r.message(t)
			var got *saml.Assertion
			if err == nil {
				if r.Layer == "signature" {
					_, err = saml.VerifySignatures(message, expect)
				} else {
					got, err = saml.Verify(message, expect, at)
				}
			}
			refusal, _ := errors.AsType[*saml.Refusal](err)
			switch {
			case err != nil && refusal == nil:
				t.Fatalf("error of type %T: %v", err, err)
			case r.Expect == "refuse":
				seen["refused"]++
				if refusal == nil {
					t.Fatalf("accepted, want a refusal by %v", r.Rules)
				}
				if !slices.ContainsFunc(r.Rules, func(rule string) bool {
					return rule == string(refusal.Rule) || rule == refusal.Rule.Family()
				}) {
					t.Errorf("refused by %v, want %v", refusal, r.Rules)
				}
			case err != nil:
				t.Errorf("refused by %v, want acceptance", refusal)
			default:
				seen["accepted"]++
				if r.Layer == "full" {
					r.compare(t, got)
				}
			}
		})
	}
	want := map[string]int{"refused": 94, "accepted": 40}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// compare holds an assertion against what the row says is in the message.
func (r row) compare(t *testing.T, a *saml.Assertion) {
	t.Helper()
	if a.NameID.Value != r.NameID.Value || r.NameID.Format != "" && a.NameID.Format != r.NameID.Format {
		t.Errorf("NameID %+v, want %+v", a.NameID, *r.NameID)
	}
	for name, want := range r.Attributes {
		if diff := cmp.Diff(want, a.Attributes.Get(name)); diff != "" {
			t.Errorf("attribute %s (-want +got):\n%s", name, diff)
		}
	}
}
