package inspect_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

const reference = "7F3K-22QD"

// as returns an owner who looks at the traces of an organization.
func (h *house) as(by *sso.By, o *sso.Organization) *inspect.Viewer {
	h.Helper()
	who := authority.Who{By: *by, Address: by.Address}
	p, err := h.Authority.Enter(h.Context(), &who, o.Key, authority.Owner)
	if err != nil {
		h.Fatal(err)
	}
	return &inspect.Viewer{Who: who, Place: &p}
}

// support returns somebody of the vendor's, with a role there.
func (h *house) support(role sso.Role) *inspect.Viewer {
	h.Helper()
	now := h.now()
	o := sso.Organization{ID: sso.NewOrgID(now), Key: sso.OperatorsKey, Name: "Operators", State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
	if err := o.Place(nil); err != nil {
		h.Fatal(err)
	}
	h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), o) })
	by := h.add(&o, "sam", role)
	return &inspect.Viewer{Who: authority.Who{By: by, Address: by.Address}}
}

// traced keeps the trace of a refused sign-in, with the message as it came.
func (h *house) traced() sso.Trace {
	h.Helper()
	t := sso.Trace{
		Reference: reference, Org: h.acme.ID, Connection: h.okta.ID, Method: sso.BySSO, At: h.now(), Code: "saml_audience", Want: "https://id.example/x", Got: "https://old.example", Fix: "idp", Who: "ada@acme.example",
		Checks: []sso.Check{{Rule: "ident.email", Verdict: "pass", Got: "ada@acme.example"}},
		Detail: sso.TraceDetail{Typed: "Ada@acme.example", Kept: true, Message: &sso.Message{NameID: "4f1c-77"}},
	}
	h.write(func(tx *store.Writer) error {
		sealed := h.Sealer.Seal(store.MessagePlace(reference), []byte("<Response>ada@acme.example</Response>"))
		return errors.Join(tx.InsertTrace(h.Context(), t), tx.KeepMessage(h.Context(), reference, sealed, t.At))
	})
	return t
}

func (h *house) lines(org sso.OrgID, action string) (found []sso.Event) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		all, err := tx.Org(org).Events(h.Context(), 100)
		found = nil
		for _, e := range all {
			if e.Action == action {
				found = append(found, e)
			}
		}
		return err
	})
	return found
}

func TestATraceIsOpenedByWhoMayAndForAReason(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.traced()
		rival := h.signedIn(&h.rival, "rita")
		owner, support := h.as(&h.owner, &h.acme), h.support(sso.RoleMember)
		nobody := *support
		nobody.Who.By = h.owner
		for name, tc := range map[string]struct {
			viewer *inspect.Viewer
			code   string
		}{
			"the owner of a sub-organization":  {h.as(&h.below, &h.emea), "trace_unknown"},
			"the owner, in a sub-organization": {h.as(&h.owner, &h.emea), "trace_unknown"},
			"the owner of another":             {h.as(&rival, &h.rival), "trace_unknown"},
			"an owner, as if of the vendor's":  {&nobody, "page_not_found"},
		} {
			if _, err := h.Trace(ctx, tc.viewer, reference); !fault.Is(err, tc.code) {
				h.Errorf("%s looks: %v, want %s", name, err, tc.code)
			}
			if _, err := h.Open(ctx, tc.viewer, reference, "a case of support"); !fault.Is(err, tc.code) {
				h.Errorf("%s opens: %v, want %s", name, err, tc.code)
			}
			if _, err := h.MakeBundle(ctx, tc.viewer, reference, 7); !fault.Is(err, tc.code) {
				h.Errorf("%s makes a bundle: %v, want %s", name, err, tc.code)
			}
			if all, err := h.Traces(ctx, tc.viewer, inspect.TraceQuery{Words: reference}); err == nil && (all.Reference != "" || len(all.Traces) != 0) {
				h.Errorf("%s finds %d", name, len(all.Traces))
			}
		}
		if n := len(h.lines(h.acme.ID, "trace.opened")); n != 0 {
			h.Errorf("%d lines say that it was opened", n)
		}
		for name, viewer := range map[string]*inspect.Viewer{"the owner": owner, "support": support} {
			shut, err := h.Trace(ctx, viewer, "7f3k 22qd")
			if text := asJSON(h, shut.Trace); err != nil || shut.Opened || strings.Contains(text, "ada@") || strings.Contains(text, "4f1c") {
				h.Errorf("%s sees %s, %v", name, text, err)
			}
			for _, reason := range []string{"", "  no ", strings.Repeat("x", 201)} {
				if _, err := h.Open(ctx, viewer, reference, reason); !fault.Is(err, "trace_reason") {
					h.Errorf("%s opens it for %q: %v", name, reason, err)
				}
			}
			before := len(h.lines(h.acme.ID, "trace.opened"))
			open, err := h.Open(ctx, viewer, reference, "case of "+name)
			if err != nil || !open.Opened || open.Who != "ada@acme.example" || open.Raw != "<Response>ada@acme.example</Response>" || open.Detail.Message.NameID != "4f1c-77" {
				h.Errorf("%s opens %+v, %v", name, open, err)
			}
			after := h.lines(h.acme.ID, "trace.opened")
			if len(after) != before+1 || after[0].Actor != string(viewer.Who.By.User.ID) || after[0].Target != reference || after[0].Detail["reason"] != "case of "+name {
				h.Errorf("the audit list of the organization says %+v", after)
			}
		}
		// Who was let go does not open it with what they still have.
		h.write(func(tx *store.Writer) error { return tx.EndSession(ctx, support.Who.By.Session.ID, h.now()) })
		if _, err := h.Open(ctx, support, reference, "a case of support"); !fault.Is(err, "session_over") {
			h.Errorf("support that is signed out: %v", err)
		}
	})
}

func asJSON(h *house, v any) string {
	h.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		h.Fatal(err)
	}
	return string(b)
}

func TestABundleOpensUntilItIsRevoked(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.traced()
		owner := h.as(&h.owner, &h.acme)
		if _, err := h.MakeBundle(ctx, owner, reference, 31); !fault.Is(err, "choice_unknown") {
			h.Errorf("for 31 days: %v", err)
		}
		token, err := h.MakeBundle(ctx, owner, reference, 7)
		if err != nil {
			h.Fatal(err)
		}
		if _, err := h.Bundle(ctx, secret.NewToken()); !fault.Is(err, "bundle_over") {
			h.Errorf("another token: %v", err)
		}
		b, err := h.Bundle(ctx, token)
		if text := asJSON(h, &b.Content); err != nil || strings.Contains(text, "acme.example") || !strings.Contains(text, "https://old.example") || b.Content.Connection.SPEntityID == "" {
			h.Errorf("the bundle holds %s, %v", text, err)
		}
		rival := h.signedIn(&h.rival, "rita")
		if err := h.RevokeBundle(ctx, h.as(&rival, &h.rival), reference, b.ID); !fault.Is(err, "trace_unknown") {
			h.Errorf("another organization's owner revokes: %v", err)
		}
		if err := h.RevokeBundle(ctx, owner, reference, "bdl_other"); !fault.Is(err, "page_not_found") {
			h.Errorf("revoking what is not there: %v", err)
		}
		if _, err := h.Bundle(ctx, token); err != nil {
			h.Errorf("it does not open: %v", err)
		}
		if err := h.RevokeBundle(ctx, owner, reference, b.ID); err != nil {
			h.Fatal(err)
		}
		if _, err := h.Bundle(ctx, token); !fault.Is(err, "bundle_over") {
			h.Errorf("revoked: %v", err)
		}
		if len(h.lines(h.acme.ID, "trace.bundle_made")) != 1 || len(h.lines(h.acme.ID, "trace.bundle_revoked")) != 1 {
			h.Error("the audit list does not tell of both, once")
		}
		for range 20 {
			if _, err := h.MakeBundle(ctx, owner, reference, 1); err != nil {
				h.Fatal(err)
			}
		}
		if _, err := h.MakeBundle(ctx, owner, reference, 1); !fault.Is(err, "bundle_many") {
			h.Errorf("a 21st: %v", err)
		}
	})
}

func TestTracesAreSearched(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		h.traced()
		owner := h.as(&h.owner, &h.acme)
		for name, tc := range map[string]struct {
			q    inspect.TraceQuery
			want int
		}{
			"anything":              {inspect.TraceQuery{}, 1},
			"the address":           {inspect.TraceQuery{Words: " ADA@acme.example "}, 1},
			"the reference":         {inspect.TraceQuery{Words: "7f3k22qd"}, 1},
			"another reference":     {inspect.TraceQuery{Words: "7F3K-22QE"}, 0},
			"the connection":        {inspect.TraceQuery{Connection: h.okta.Key}, 1},
			"another connection":    {inspect.TraceQuery{Connection: "nobodys"}, 0},
			"refused":               {inspect.TraceQuery{Result: inspect.Refused}, 1},
			"worked":                {inspect.TraceQuery{Result: inspect.Worked}, 0},
			"later":                 {inspect.TraceQuery{From: h.now()}, 0},
			"an odd reference":      {inspect.TraceQuery{Words: "U"}, 0},
			"what no engine stores": {inspect.TraceQuery{Words: "a\x00b"}, 0},
		} {
			all, err := h.Traces(ctx, owner, tc.q)
			if err != nil || len(all.Traces) != tc.want {
				h.Errorf("by %s: %d, %v", name, len(all.Traces), err)
				continue
			}
			if tc.want == 1 && (strings.Contains(all.Traces[0].Who, "ada") || all.Names.Connections[h.okta.ID] != h.okta.Name) {
				h.Errorf("by %s: %+v", name, all)
			}
		}
	})
}
