package saml_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
)

func deflated(message []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.BestCompression)
	_, _ = w.Write(message)
	_ = w.Close()
	return b.Bytes()
}

// wrapped breaks lines as MIME does.
func wrapped(s string) string {
	var b strings.Builder
	for chunk := range slices.Chunk([]byte(s), 76) {
		b.Write(chunk)
		b.WriteString("\r\n")
	}
	return b.String()
}

func ruleOf(t *testing.T, err error) saml.Rule {
	t.Helper()
	if err == nil {
		return ""
	}
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		t.Fatalf("error of type %T: %v", err, err)
	}
	failed := slices.ContainsFunc(refusal.Checks, func(c saml.Check) bool {
		return c.Rule == refusal.Rule && c.Verdict == saml.Fail
	})
	if !failed {
		t.Errorf("no check says that %v failed: %v", refusal.Rule, refusal.Checks)
	}
	return refusal.Rule
}

func TestDecodePost(t *testing.T) {
	t.Parallel()
	message := samltest.New(t).Respond()
	for len(message)%3 != 1 {
		message = append(message, '\n') // two octets of padding
	}
	good := base64.StdEncoding.EncodeToString(message)
	for name, tc := range map[string]struct {
		form string
		rule saml.Rule // empty: accepted
	}{
		"as it is":               {good, ""},
		"in lines":               {wrapped(good), ""},
		"with white space":       {" \t" + good[:4] + "\n " + good[4:] + "\r\n", ""},
		"nothing":                {"", saml.BindParam},
		"white space alone":      {" \n", saml.BindParam},
		"not encoded":            {string(message), saml.BindBase64},
		"without padding":        {strings.TrimRight(good, "="), saml.BindBase64},
		"half of the padding":    {good[:len(good)-1], saml.BindBase64},
		"data after the padding": {good + good, saml.BindBase64},
		"for URLs":               {strings.Replace(good, good[:1], "-", 1), saml.BindBase64},
		"percent-encoded":        {url.QueryEscape(good), saml.BindBase64},
		"other characters":       {strings.Replace(good, good[:1], "*", 1), saml.BindBase64},
		"vertical tab":           {"\v" + good, saml.BindBase64},
		"loose bits at the end":  {good[:len(good)-3] + "h==", saml.BindBase64},
		"twice":                  {base64.StdEncoding.EncodeToString([]byte(good)), saml.BindBase64},
		"deflated":               {base64.StdEncoding.EncodeToString(deflated(message)), saml.BindInflate},
		"zlib":                   {base64.StdEncoding.EncodeToString([]byte("x\x9c\xed\x80\x00\x01")), saml.BindInflate},
		"gzip":                   {base64.StdEncoding.EncodeToString([]byte("\x1f\x8b\x08\x00\x00\x00")), saml.BindInflate},
		"as long as it may be":   {base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("<"), saml.MaxMessage)), ""},
		"too long":               {base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("<"), saml.MaxMessage+1)), saml.BindSize},
		"much too long":          {strings.Repeat(" ", saml.MaxForm+1), saml.BindSize},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refusedBy(t, tc.rule)
			got, err := saml.DecodePost(tc.form)
			if rule := ruleOf(t, err); rule != tc.rule {
				t.Fatalf("DecodePost() = %v, want %q", err, tc.rule)
			}
			if err == nil && len(got) != saml.MaxMessage && got != string(message) {
				t.Errorf("got %q", got)
			}
		})
	}
}
