package sso_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// Who names a scope that there is none of is told which ones there are for them.
func TestAnUnknownScopeIsAnsweredByThoseThereAre(t *testing.T) {
	t.Parallel()
	for org, deployment := range map[sso.OrgID]bool{"": true, "org_1": false} {
		_, err := sso.ParseScopes([]string{"users:read", "users"}, org)
		f, ok := errors.AsType[*fault.Error](err)
		if !ok || f.Code != "scope_unknown" || f.Got != "users" {
			t.Errorf("of %q: %v, want scope_unknown", org, err)
			continue
		}
		if !strings.Contains(f.Want, "users:read users:write") || strings.Contains(f.Want, "deployment:write") != deployment {
			t.Errorf("of %q: want %q", org, f.Want)
		}
	}
	if got, err := sso.ParseScopes([]string{"users:read"}, "org_1"); err != nil || len(got) != 1 {
		t.Errorf("a scope that there is: %v, %v", got, err)
	}
}
