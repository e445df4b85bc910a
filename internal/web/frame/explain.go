package frame

import (
	"strconv"

	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Role says a role: a built-in one by its word, another by its key.
func Role(role sso.Role) ui.Text {
	if role.BuiltIn() {
		return ui.Say("role_" + string(role))
	}
	return ui.As(string(role))
}

// Why says why somebody has a role.
func Why(r *sso.RoleReason) ui.Text {
	return ui.Say("why_"+string(r.Rule), "Row", strconv.Itoa(r.Row), "Group", r.Group)
}

// Way says which way an address would go, step by step.
func Way(all []inspect.Explained) []ui.Step {
	var steps []ui.Step
	for i := range all {
		steps = append(steps, step(&all[i]))
	}
	return steps
}

func step(e *inspect.Explained) ui.Step {
	or := func(s, other string) string {
		if s == "" {
			return other
		}
		return s
	}
	s := ui.Step{State: ui.OK, Name: ui.Say("explain_"+string(e.Way),
		"Domain", e.Domain, "Organization", or(e.Organization, "…"), "Connection", e.Connection, "User", or(e.User, "…"))}
	switch e.Way {
	case inspect.WayFirst:
		s.Text = ui.Say("mode_help_" + string(e.Mode))
	case inspect.WayRefused:
		s.State, s.Text = ui.Refused, ui.Problem(e.Code)
	case inspect.WayPasswordless, inspect.WayDomainUnproved, inspect.WayDomainOther:
		s.State = ui.Warn
	case inspect.WaySignsIn, inspect.WayFollows, inspect.WayCreates, inspect.WayCreatesByGroup:
		if e.Role != "" {
			s.Word = Role(e.Role)
		}
	case inspect.WayAsks:
		s.State = ui.Pending
	}
	return s
}
