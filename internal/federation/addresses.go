package federation

import (
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
)

// EntityID returns what we are called at the identity provider of a
// connection.
func EntityID(baseURL string, c *sso.Connection) string {
	if c.SAML.SPEntityID != "" {
		return c.SAML.SPEntityID
	}
	return MetadataURL(baseURL, c)
}

// NamesAnother reports whether an entity ID of ours is one that another
// connection has by itself: who took it could have people sign in there whom an
// identity provider of both sends to the other.
func NamesAnother(baseURL string, c *sso.Connection, entityID string) bool {
	within := baseURL + "/saml/"
	return len(entityID) >= len(within) && strings.EqualFold(entityID[:len(within)], within) && entityID != MetadataURL(baseURL, c)
}

// ACS returns where responses of a connection come to.
func ACS(baseURL string, c *sso.Connection) string {
	if c.SAML.SharedACS {
		return baseURL + "/saml/acs"
	}
	return baseURL + "/saml/" + c.Key + "/acs"
}

// SLO returns where messages about logout come to.
func SLO(baseURL string, c *sso.Connection) string { return baseURL + "/saml/" + c.Key + "/slo" }

// MetadataURL returns where our metadata for a connection is.
func MetadataURL(baseURL string, c *sso.Connection) string {
	return baseURL + "/saml/" + c.Key + "/metadata"
}

// LoginURL returns where a sign-in to an organization begins.
func LoginURL(baseURL string, o *sso.Organization) string { return baseURL + "/login/" + o.Key }
