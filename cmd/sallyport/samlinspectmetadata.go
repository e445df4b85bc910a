package main

import (
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// An entity is an EntityDescriptor.
type entity struct {
	EntityID   string   `json:"entity_id"`
	ID         string   `json:"id"`
	ValidUntil *instant `json:"valid_until"` // its own, or that of the group around it
	Roles      []role   `json:"roles"`
}

// A role is what an entity is: an identity provider, a service provider.
type role struct {
	Role                    string               `json:"role"` // name of the element
	Protocols               []string             `json:"protocols"`
	DisplayName             string               `json:"display_name"`
	WantAuthnRequestsSigned string               `json:"want_authn_requests_signed"`
	AuthnRequestsSigned     string               `json:"authn_requests_signed"`
	WantAssertionsSigned    string               `json:"want_assertions_signed"`
	Endpoints               []endpoint           `json:"endpoints"`
	NameIDFormats           []string             `json:"name_id_formats"`
	Keys                    []roleKey            `json:"keys"`
	Attributes              []requestedAttribute `json:"attributes"`
}

type endpoint struct {
	Service          string `json:"service"`
	Binding          string `json:"binding"`
	Location         string `json:"location"`
	ResponseLocation string `json:"response_location"`
	Index            string `json:"index"`
	IsDefault        string `json:"is_default"`
}

type roleKey struct {
	Use          string   `json:"use"`          // empty: for everything
	Certificates []string `json:"certificates"` // their SHA-256
	Algorithms   []string `json:"algorithms"`   // for encryption
}

type requestedAttribute struct {
	Name         string `json:"name"`
	FriendlyName string `json:"friendly_name"`
	Required     string `json:"required"`
}

// maxEntities is how many entities of an aggregate are shown.
const maxEntities = 4096

func (t *thing) readEntities(root xmltree.Element, now time.Time) {
	for e := range root.Descendants() {
		if !e.Is(nsMetadata, "EntityDescriptor") {
			continue
		}
		if len(t.Entities) == maxEntities {
			t.note("at most %d entities are shown", maxEntities)
			return
		}
		found := entity{EntityID: attr(e, "entityID"), ID: attr(e, "ID"), Roles: []role{}}
		for at := e; !at.IsZero() && found.ValidUntil == nil; at = at.Parent() {
			found.ValidUntil = newInstant(attr(at, "validUntil"), now)
		}
		for c := range e.Children() {
			if strings.HasSuffix(c.Local(), "Descriptor") && c.Space() == nsMetadata {
				found.Roles = append(found.Roles, readRole(c))
			}
		}
		t.Entities = append(t.Entities, found)
	}
}

func readRole(e xmltree.Element) role {
	r := role{
		Role: e.Local(), Protocols: append([]string{}, strings.Fields(attr(e, "protocolSupportEnumeration"))...),
		WantAuthnRequestsSigned: attr(e, "WantAuthnRequestsSigned"),
		AuthnRequestsSigned:     attr(e, "AuthnRequestsSigned"),
		WantAssertionsSigned:    attr(e, "WantAssertionsSigned"),
		Endpoints:               []endpoint{}, NameIDFormats: []string{}, Keys: []roleKey{}, Attributes: []requestedAttribute{},
	}
	for c := range e.Children() {
		switch {
		case c.Is(nsMetadata, "KeyDescriptor"):
			k := roleKey{Use: attr(c, "use"), Certificates: append([]string{}, fingerprints(c)...), Algorithms: []string{}}
			for d := range c.Children() {
				if d.Is(nsMetadata, "EncryptionMethod") {
					k.Algorithms = append(k.Algorithms, attr(d, "Algorithm"))
				}
			}
			r.Keys = append(r.Keys, k)
		case c.Is(nsMetadata, "NameIDFormat"):
			r.NameIDFormats = append(r.NameIDFormats, content(c))
		case c.Is(nsMetadata, "Extensions"):
			r.DisplayName = childText(child(c, nsUI, "UIInfo"), nsUI, "DisplayName")
		case c.Is(nsMetadata, "AttributeConsumingService"), c.Is(nsAssertion, "Attribute"):
			r.readAttributes(c)
		case c.Space() == nsMetadata && attr(c, "Location") != "":
			r.Endpoints = append(r.Endpoints, endpoint{
				c.Local(), attr(c, "Binding"), attr(c, "Location"), attr(c, "ResponseLocation"), attr(c, "index"), attr(c, "isDefault"),
			})
		}
	}
	return r
}

// readAttributes lists the attributes that are asked for or offered.
func (r *role) readAttributes(e xmltree.Element) {
	for d := range e.Descendants() {
		if d.Is(nsMetadata, "RequestedAttribute") || d.Is(nsAssertion, "Attribute") {
			r.Attributes = append(r.Attributes, requestedAttribute{attr(d, "Name"), attr(d, "FriendlyName"), attr(d, "isRequired")})
		}
	}
}
