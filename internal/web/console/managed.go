package console

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// readManaged finds out whether the identity provider says who there is, for a
// page that offers to add people otherwise.
func (h *Handler) readManaged(ctx context.Context, v *visit) error {
	var err error
	v.managed, err = h.Flow.Managed(ctx, &v.Place)
	return err
}

// add offers to invite people, unless that is not done here.
func (v *visit) add() *ui.Action {
	if v.managed {
		return nil
	}
	return &ui.Action{Name: ui.Say("invite_people"), Path: v.to(invitePath), Icon: "plus"}
}

// elsewhere says where people are added, where that is not done here.
func (v *visit) elsewhere() []ui.Notice {
	if !v.managed {
		return nil
	}
	n := ui.Notice{Title: ui.Say("managed_notice"), Text: ui.Say("managed_notice_text")}
	if v.Rights.Owner() && !v.acted() && v.Policy.Managed {
		n.Link = &ui.Link{Name: ui.Say("security"), Path: v.to(securityPath)}
	}
	return []ui.Notice{n}
}

// listKept returns the box that leaves the list of people to the identity
// provider.
func listKept(f ui.Filled, o *sso.Organization) field {
	return check(f.Check(ui.Check{Name: "managed", Label: ui.Say("managed"), Help: ui.Say("managed_help"), Checked: o.Policy.Managed}))
}
