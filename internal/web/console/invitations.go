package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// offer is what may be given to people.
type offer struct {
	builtIn []sso.Role
	groups  []provision.GroupLine
	tree    []sso.Organization
}

func (h *Handler) offer(ctx context.Context, v *visit) (offer, error) {
	var o offer
	var err error
	if o.builtIn, err = h.readRoles(ctx, v); err != nil {
		return o, err
	}
	groups, err := h.Flow.Groups(ctx, &v.Place, "", provision.GroupPlace{})
	if err != nil {
		return o, err
	}
	o.groups = groups.Groups
	o.tree, err = h.Flow.Tree(ctx, &v.Place)
	return o, err
}

// askInvite serves GET /console/invite.
func (h *Handler) askInvite(w http.ResponseWriter, r *http.Request) error {
	return h.showInvite(w, r, http.StatusOK, ui.Filled{}, nil)
}

func (h *Handler) showInvite(w http.ResponseWriter, r *http.Request, status int, f ui.Filled, problems []provision.AddressProblem) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	o, err := h.offer(r.Context(), &v)
	if err != nil {
		return err
	}
	if err := h.readManaged(r.Context(), &v); err != nil {
		return err
	}
	return h.UI.Render(w, r, status, invitePageOf(&v, &o, f, problems))
}

func invitePageOf(v *visit, o *offer, f ui.Filled, problems []provision.AddressProblem) formPage {
	p := formPage{Shell: v.inside(ui.Link{Name: ui.Say("people"), Path: v.to(peoplePath)}), Name: ui.Say("invite_people")}
	if p.Notices = v.elsewhere(); v.managed {
		return p
	}
	p.Lead = ui.Say("invite_lead")
	if len(problems) > 0 {
		n := ui.Notice{State: ui.Refused, Title: ui.Count("invite_problems", len(problems))}
		for _, x := range problems[:min(len(problems), 20)] {
			reason := x.Code
			if !slices.Contains([]string{"ident_email", "ident_foreign", "invitation_member", "operator_elsewhere", "rights_owner"}, reason) {
				reason = "any"
			}
			n.Points = append(n.Points, ui.Say("invite_problem_"+reason, "Address", x.Address))
		}
		p.Notices = append(p.Notices, n)
	}
	fields := []field{
		area(f.Area(ui.Area{Name: "addresses", Label: ui.Say("addresses"), Help: ui.Say("addresses_help"), Rows: 4, Focus: true, Mono: true})),
		choices(f.Choices(ui.Choices{Name: "role", Label: ui.Say("role"), One: true, Values: []string{string(sso.RoleMember)}, Options: v.roleOptions(o.builtIn, "")})),
	}
	if c := groupChoices(o.groups, nil); len(c.Options) > 0 {
		fields = append(fields, choices(f.Choices(c)))
	}
	if len(o.tree) > 0 {
		c := ui.Choices{Name: "organizations", Label: ui.Say("invite_below"), Help: ui.Say("invite_below_help")}
		for i := range o.tree {
			c.Options = append(c.Options, ui.Option{Value: string(o.tree[i].ID), Label: ui.As(o.tree[i].Name)})
		}
		fields = append(fields, choices(f.Choices(c)))
	}
	fields = append(fields, choose(f.Select(languageSelect(""))))
	p.Forms = []form{{Action: v.to(invitePath), Fields: fields, Submit: ui.Submit{Word: ui.Say("invite_send"), Icon: "mail", Cancel: v.to(peoplePath)}}}
	return p
}

// invite serves POST /console/invite.
func (h *Handler) invite(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	in := provision.NewInvitations{Addresses: form.Get("addresses"), Role: form.Get("role"), Groups: form["groups"], Language: form.Get("language")}
	for _, id := range form["organizations"] {
		in.Organizations = append(in.Organizations, sso.OrgID(id))
	}
	n, err := h.Flow.Invite(r.Context(), &v.by, v.ID, in)
	if err != nil {
		web.RetryAt(r, v.to(invitePath))
		var problems []provision.AddressProblem
		if some, ok := errors.AsType[*provision.ProblemsError](err); ok {
			problems = some.Problems
			err = &some.Fault
		}
		fields := map[string]string{
			"invitation_addresses": "addresses", "invitation_nobody": "addresses", "invitation_many": "addresses", "mail_budget": "addresses", "role_unknown": "role", "rights_owner": "role", "session_stale": "role", "language_form": "language",
		}
		return ui.Filled{Values: form}.Again(r, err, fields, func(f ui.Filled, status int) error { return h.showInvite(w, r, status, f, problems) })
	}
	return web.SeeOther(w, r, ui.SavedCount(v.to(invitationsPath), "invited", n))
}

// invitations serves GET /console/invitations.
func (h *Handler) invitations(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	at, id := ui.ReadTimePlace(r.URL.Query().Get("after"))
	list, err := h.Flow.Invitations(r.Context(), &v.Place, provision.InvitationPlace{At: at, ID: id})
	if err != nil {
		return err
	}
	if _, err := h.readRoles(r.Context(), &v); err != nil {
		return err
	}
	if err := h.readManaged(r.Context(), &v); err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, h.showInvitations(&v, list))
}

func (h *Handler) showInvitations(v *visit, list provision.InvitationPage) listPage {
	p := listPage{Shell: v.shell(), Name: ui.Say("invitations")}
	p.Action, p.Notices = v.add(), v.elsewhere()
	t := ui.Table{
		Caption: ui.Say("invitations"),
		Columns: []ui.Column{{Name: ui.Say("address"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("role")}, {Name: ui.Say("invited_by")}, {Name: ui.Say("sent")}, {Name: ui.Say("actions"), Acts: true}},
		Empty:   ui.Empty{Icon: "mail", Title: ui.Say("invitations_none"), Text: ui.Say("invitations_none_text"), Action: p.Action},
	}
	for i := range list.Invitations {
		t.Rows = append(t.Rows, h.invitationRow(v, &list.Invitations[i], list.Names))
	}
	next := ""
	if list.Next.ID != "" {
		next = ui.TimePlace(list.Next.At, list.Next.ID)
	}
	t.Page(v.r, next)
	p.Table, p.Action = t, t.Above(p.Action)
	return p
}

func (h *Handler) invitationRow(v *visit, i *sso.Invitation, names map[string]string) ui.Row {
	state := i.State(h.Flow.Now())
	badge := ui.Badge{Word: ui.Say("invitationis_" + string(state))}
	address := ui.Cell{Text: ui.As(i.Email.String())}
	switch state {
	case sso.InvitationOpen:
		badge.State = ui.Pending
	case sso.InvitationAccepted:
		badge.State = ui.OK
		address.Path = v.toPerson(i.AcceptedBy, "")
	case sso.InvitationExpired:
		badge.State = ui.Warn
	}
	role := ui.Cell{Text: v.roleName(i.Role)}
	if len(i.Groups) > 0 {
		role.Sub = ui.As(few(i.Groups))
	}
	acts := ui.Cell{}
	if (state == sso.InvitationOpen || state == sso.InvitationExpired) && v.Rights.Cover(i.Role) == nil {
		at := func(rest string) string { return v.to(invitationPath+rest, "{invitation}", string(i.ID)) }
		acts.Menu = &ui.Menu{Label: ui.As(i.Email.String()), Does: []ui.Do{
			{Word: ui.Say("invitation_resend"), Action: at("/resend"), Icon: "mail", Off: v.Rights.Give(i.Role) != nil}, {Word: ui.Say("invitation_revoke"), Action: at("/revoke"), Icon: "trash"},
		}}
		if v.managed {
			acts.Menu.Does = acts.Menu.Does[1:]
		}
	}
	return ui.Row{Cells: []ui.Cell{address, {Badges: []ui.Badge{badge}}, role, {Text: ui.As(or(names[i.By], i.By))}, {At: i.SentAt}, acts}}
}

// resend serves POST /console/invitations/{invitation}/resend.
func (h *Handler) resend(w http.ResponseWriter, r *http.Request) error {
	return h.about(w, r, invitationsPath, "invitation_resent", func(v *visit, _ url.Values) error {
		return h.Flow.Resend(r.Context(), &v.by, v.ID, sso.InvitationID(r.PathValue("invitation")))
	})
}

// revoke serves POST /console/invitations/{invitation}/revoke.
func (h *Handler) revoke(w http.ResponseWriter, r *http.Request) error {
	return h.about(w, r, invitationsPath, "invitation_revoked", func(v *visit, _ url.Values) error {
		return h.Flow.Revoke(r.Context(), &v.by, v.ID, sso.InvitationID(r.PathValue("invitation")))
	})
}

// about runs a change and goes to a page of the console, which is where a
// refusal leads too.
func (h *Handler) about(w http.ResponseWriter, r *http.Request, back, saved string, do func(v *visit, form url.Values) error) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	back = v.to(back)
	web.RetryAt(r, back)
	if err := do(&v, form); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(back, saved))
}
