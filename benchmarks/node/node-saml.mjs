// Accepts a response with @node-saml/node-saml, as its documentation shows.
import {SAML} from '@node-saml/node-saml'
import {serve, world} from './driver.mjs'

const saml = new SAML({
  idpCert: world.idpCertificate,
  idpIssuer: world.idpEntityID,
  issuer: world.entityID,
  audience: world.entityID,
  callbackUrl: world.acs,
  decryptionPvk: world.ownKey,
  wantAuthnResponseSigned: false, // signatures of the assertion alone will do
  wantAssertionsSigned: false, // and so will that of the Response
})

await serve(async (form) => {
  const {profile} = await saml.validatePostResponseAsync({SAMLResponse: form})
  if (!profile?.nameID) throw new Error('no user')
})
