package saml_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
)

func ExampleVerify() {
	// An identity provider signs two responses; the second is for somebody else.
	key, err := samltest.NewKey()
	if err != nil {
		log.Fatal(err)
	}
	idp, err := samltest.NewIdP("https://idp.example/metadata", "https://idp.example/sso", key)
	if err != nil {
		log.Fatal(err)
	}
	idp.SPEntityID, idp.ACS, idp.RequestID = "https://sso.example/saml/acme", "https://sso.example/saml/acme/acs", "id4f1c8e2a"
	idp.Now = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	forUs := idp.Respond()
	forOthers := idp.Respond(func(r *samltest.Response) { r.Audience = "https://other.example" })

	// What is expected comes from metadata and from the request that was sent.
	published, err := idp.Metadata()
	if err != nil {
		log.Fatal(err)
	}
	metadata, err := saml.ParseIdPMetadata(published)
	if err != nil {
		log.Fatal(err)
	}
	expect := saml.Expect{
		IdP:      metadata.Expect(),
		EntityID: "https://sso.example/saml/acme", ACS: "https://sso.example/saml/acme/acs",
		RequestID: "id4f1c8e2a", Skew: saml.DefaultSkew,
	}
	for _, response := range [][]byte{forUs, forOthers} {
		message, err := saml.DecodePost(base64.StdEncoding.EncodeToString(response)) // the form field SAMLResponse
		if err != nil {
			log.Fatal(err)
		}
		assertion, err := saml.Verify(message, expect, idp.Now)
		if refusal, ok := errors.AsType[*saml.Refusal](err); ok {
			fmt.Println(refusal.Rule, refusal.Got)
			continue
		}
		fmt.Println(assertion.NameID.Value)
	}
	// Output:
	// alice@acme.example
	// saml.audience https://other.example
}
