// Accepts a response with samlify, as its documentation shows. It leaves the schema to a validator of the
// application's choice, which costs extra: here it is none.
import {Constants, IdentityProvider, ServiceProvider, setSchemaValidator} from 'samlify'
import {serve, world} from './driver.mjs'

setSchemaValidator({validate: () => Promise.resolve('not looked at')})

console.error = () => {} // what is refused on purpose is no news

const own = ServiceProvider({
  entityID: world.entityID,
  assertionConsumerService: [{Binding: Constants.namespace.binding.post, Location: world.acs}],
  encPrivateKey: world.ownKey,
})
const plain = IdentityProvider({metadata: world.idpMetadata})
const encrypting = IdentityProvider({metadata: world.idpMetadata, isAssertionEncrypted: true})

await serve(async (form, name) => {
  // The application has to know whether its identity provider encrypts.
  const idp = name.endsWith('.encrypted') ? encrypting : plain
  const {extract} = await own.parseLoginResponse(idp, 'post', {body: {SAMLResponse: form}})
  if (!extract?.nameID) throw new Error('no user')
})
