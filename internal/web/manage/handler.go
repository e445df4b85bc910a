package manage

import (
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/programs"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/web"
)

// Handler serves the management API. Its fields are set once, before it is
// used; it is safe for concurrent use.
type Handler struct {
	Programs  *programs.Service
	Authority *authority.Service
	Operate   *operate.Service
	People    *provision.Service
	Connect   *connect.Service
	Enforce   *enforce.Service
	Inspect   *inspect.Service
	Events    *events.Service
	Desk      *notify.Desk
	BaseURL   string                   // without a slash at the end
	Sentence  func(code string) string // what a code means, in English
}

// DocumentPath is where the document is.
const DocumentPath = Path + "/openapi.json"

// all returns all operations.
func (h *Handler) all() *api {
	a := newAPI(h)
	h.organizations(a)
	h.security(a)
	h.users(a)
	h.access(a)
	h.groups(a)
	h.invitations(a)
	h.imports(a)
	h.domains(a)
	h.connections(a)
	h.setupLinks(a)
	h.enforcement(a)
	h.conflicts(a)
	h.traces(a)
	h.events(a)
	h.webhooks(a)
	h.streams(a)
	h.apps(a)
	h.roles(a)
	h.keys(a)
	h.messages(a)
	h.ownKeys(a)
	h.finding(a)
	return a
}

// Document returns the document that describes the API.
func Document() ([]byte, error) { return text(new(Handler).all().described().document) }

// Routes returns the operations, the document that describes them, and the page
// that shows it.
func (h *Handler) Routes() []web.Route {
	a := h.all()
	written := sync.OnceValues(func() ([]byte, error) { return text(a.described().document) })
	return append(append(a.routes, h.referenceRoutes(a)...), file(DocumentPath, "application/json", written))
}

// tags returns what operations are about, in the order in which they are shown.
func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: "Organizations", Description: "Customers, and what is granted to them."},
		{Name: "Users", Description: "People of an organization: who they are, what they are in it, and how they come in."},
		{Name: "Groups", Description: "Groups of an organization, which applications are told of."},
		{Name: "Invitations", Description: "Mails by which people come in who decide for themselves."},
		{Name: "Imports", Description: "Lists of people that are uploaded, judged and carried out."},
		{Name: "Domains", Description: "E-mail domains that an organization claims and proves."},
		{Name: "Connections", Description: "Identity providers of an organization, their metadata, settings and tests."},
		{Name: "Setup links", Description: "Links by which somebody without an account sets single sign-on up."},
		{Name: "Enforcement", Description: "How far single sign-on is demanded, and what would become of whom."},
		{Name: "Conflicts", Description: "What no sign-in may decide by itself."},
		{Name: "Traces", Description: "What became of sign-ins, and why."},
		{Name: "Audit", Description: "What was done, by whom and from where."},
		{Name: "Webhooks", Description: "Where programs of others are told of events, and what became of that."},
		{Name: "Streams", Description: "Where the vendor has the audit list carried to."},
		{Name: "Apps", Description: "Clients of the OpenID provider, and their secrets."},
		{Name: "Roles", Description: "Roles that operators define for applications."},
		{Name: "Messages", Description: "Mails and text messages on their way, and what became of them."},
		{Name: "Our keys", Description: "By which we sign what identity providers are sent, and for which they encrypt."},
		{Name: "API keys", Description: "What programs prove themselves by."},
	}
}
