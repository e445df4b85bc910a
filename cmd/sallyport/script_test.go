package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sallyport": main})
}

// TestScripts runs the commands as people do. $VECTORS is the folder of test
// vectors; "json FILE PATH WANT" compares a value in a line of JSON.
func TestScripts(t *testing.T) {
	t.Parallel()
	vectors, err := filepath.Abs("../../testdata/vectors")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("VECTORS", vectors)
			return nil
		},
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"json": compareJSON},
		RequireExplicitExec: true,
	})
}

// compareJSON implements "json FILE PATH WANT": the value that the names of
// PATH, with dots between them, lead to is WANT when written as JSON.
func compareJSON(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: json FILE PATH WANT")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &value))
	for name := range strings.SplitSeq(args[1], ".") {
		object, ok := value.(map[string]any)
		if !ok {
			ts.Fatalf("%s: no object around %s", args[1], name)
		}
		if value, ok = object[name]; !ok {
			ts.Fatalf("%s: nothing is called %s", args[1], name)
		}
	}
	got, err := json.Marshal(value)
	ts.Check(err)
	if string(got) != args[2] {
		ts.Fatalf("%s is %s, want %s", args[1], got, args[2])
	}
}

func TestBeginsLikeXML(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]bool{
		"<x/>": true, "\n <x/>": true, "\xef\xbb\xbf<x/>": true, "\xfe\xff\x00<": true, "\x00<": true,
		"": false, "PHgvPg==": false, "\r\nPHgvPg==": false,
	} {
		if got := beginsLikeXML([]byte(content)); got != want {
			t.Errorf("beginsLikeXML(%q) = %v, want %v", content, got, want)
		}
	}
}

// TestSamlVerifyJudgesTheVectors runs the command once for each row of the
// manifest, in this process.
func TestSamlVerifyJudgesTheVectors(t *testing.T) {
	t.Parallel()
	const folder = "../../testdata/vectors"
	manifest, err := os.ReadFile(filepath.Join(folder, "responses.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(manifest)) {
		var row struct {
			ID, File, At, Layer, Expect string
			IdPCerts                    []string `json:"idp_certs"`
			IdPMetadata                 string   `json:"idp_metadata"`
			IdPEntityID                 string   `json:"idp_entity_id"`
			SPEntityID                  string   `json:"sp_entity_id"`
			ACS                         string   `json:"acs_url"`
			RequestID                   string   `json:"request_id"`
			SPKeys                      []string `json:"sp_keys"`
			Allow, Rules                []string
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		args := []string{"saml", "verify", "--json", "--sp-entity-id", row.SPEntityID, "--acs-url", row.ACS, "--at", row.At}
		if row.IdPMetadata != "" {
			args = append(args, "--idp-metadata", filepath.Join(folder, row.IdPMetadata))
		} else {
			args = append(args, "--idp-entity-id", row.IdPEntityID)
		}
		for _, name := range row.IdPCerts {
			args = append(args, "--idp-cert", filepath.Join(folder, name))
		}
		for _, name := range row.SPKeys {
			args = append(args, "--sp-key", filepath.Join(folder, name))
		}
		if row.RequestID != "" {
			args = append(args, "--request-id", row.RequestID)
		} else {
			args = append(args, "--unsolicited")
		}
		if len(row.Allow) > 0 {
			args = append(args, "--allow", strings.Join(row.Allow, ","))
		}
		if row.Layer == "signature" {
			args = append(args, "--signature-only")
		}
		var out, complaint strings.Builder
		status := run(t.Context(), append(args, filepath.Join(folder, row.File)), streams{strings.NewReader(""), &out, &complaint})
		var got struct {
			Accepted bool
			Rule     string
		}
		if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
			t.Errorf("%s: %v: %s%s", row.ID, err, out.String(), complaint.String())
			continue
		}
		wantStatus := 0
		if row.Expect == "refuse" {
			wantStatus = exitFailed
		}
		family, _, _ := strings.Cut(got.Rule, ".")
		listed := row.Expect == "accept"
		for _, rule := range row.Rules {
			listed = listed || rule == got.Rule || rule == family
		}
		if status != wantStatus || got.Accepted != (wantStatus == 0) || !listed {
			t.Errorf("%s: status %d, accepted %v by %q; want %s by %v", row.ID, status, got.Accepted, got.Rule, row.Expect, row.Rules)
		}
	}
}
