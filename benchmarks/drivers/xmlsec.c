/*
 * Verifies a response with the C library of xmlsec1: every signature of the
 * Response and of the Assertion, after decrypting it if need be, by one key that
 * was loaded once. Nothing that the message says is judged.
 */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <xmlsec/base64.h>
#include <xmlsec/crypto.h>
#include <xmlsec/errors.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmlenc.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>

#include "driver.h"

#define ASSERTION BAD_CAST "urn:oasis:names:tc:SAML:2.0:assertion"
#define PROTOCOL BAD_CAST "urn:oasis:names:tc:SAML:2.0:protocol"

static xmlSecKeyPtr idp_key;
static xmlSecKeysMngrPtr own_keys;

/* check_signature verifies the signature below e, which must refer to e. */
static const char *check_signature(xmlNodePtr e, int *signatures)
{
	xmlNodePtr signature = xmlSecFindChild(e, xmlSecNodeSignature, xmlSecDSigNs);
	const char *why = "the signature is not good";
	xmlSecDSigReferenceCtxPtr reference;
	xmlSecDSigCtxPtr context;
	xmlChar *id;

	if (signature == NULL)
		return NULL;
	id = xmlGetNoNsProp(e, BAD_CAST "ID");
	context = xmlSecDSigCtxCreate(NULL);
	context->signKey = xmlSecKeyDuplicate(idp_key);
	if (id != NULL && xmlSecDSigCtxVerify(context, signature) == 0 && context->status == xmlSecDSigStatusSucceeded) {
		reference = xmlSecPtrListGetItem(&context->signedInfoReferences, 0);
		if (xmlSecPtrListGetSize(&context->signedInfoReferences) == 1 && reference->uri != NULL &&
		    reference->uri[0] == '#' && xmlStrEqual(reference->uri + 1, id)) {
			++*signatures;
			why = NULL;
		}
	}
	xmlSecDSigCtxDestroy(context);
	xmlFree(id);
	return why;
}

static void declare_id(xmlDocPtr doc, xmlNodePtr e)
{
	xmlAttrPtr attr = xmlHasProp(e, BAD_CAST "ID");
	xmlChar *id = xmlGetNoNsProp(e, BAD_CAST "ID");

	if (attr != NULL && id != NULL)
		xmlAddID(NULL, doc, id, attr);
	xmlFree(id);
}

static const char *check(xmlDocPtr doc)
{
	xmlNodePtr response = xmlDocGetRootElement(doc), assertion, sealed;
	int signatures = 0;
	const char *why;

	if (response == NULL || !xmlSecCheckNodeName(response, BAD_CAST "Response", PROTOCOL))
		return "no Response";
	declare_id(doc, response);
	assertion = xmlSecFindChild(response, BAD_CAST "Assertion", ASSERTION);
	if (assertion != NULL)
		declare_id(doc, assertion);
	why = check_signature(response, &signatures);
	if (why != NULL)
		return why;
	sealed = xmlSecFindChild(response, BAD_CAST "EncryptedAssertion", ASSERTION);
	if (sealed != NULL) {
		xmlNodePtr data = xmlSecFindChild(sealed, xmlSecNodeEncryptedData, xmlSecEncNs);
		xmlSecEncCtxPtr context = xmlSecEncCtxCreate(own_keys);
		int done = data != NULL && xmlSecEncCtxDecrypt(context, data) == 0;

		xmlSecEncCtxDestroy(context);
		if (!done)
			return "the assertion cannot be decrypted";
		assertion = xmlSecFindChild(sealed, BAD_CAST "Assertion", ASSERTION);
		if (assertion != NULL)
			declare_id(doc, assertion);
	}
	if (assertion == NULL)
		return "no Assertion";
	why = check_signature(assertion, &signatures);
	if (why == NULL && signatures == 0)
		why = "no signature";
	return why;
}

static const char *verify(const char *form, size_t size)
{
	const char *why = "no XML";
	xmlSecByte *message = malloc(size + 1);
	xmlSecSize n = 0;
	xmlDocPtr doc = NULL;

	if (message != NULL && xmlSecBase64Decode_ex(BAD_CAST form, message, size + 1, &n) == 0)
		doc = xmlReadMemory((char *)message, n, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
	if (doc != NULL) {
		why = check(doc);
		xmlFreeDoc(doc);
	}
	free(message);
	return why;
}

/* quiet drops what the library says about refused messages. */
static void quiet(const char *file, int line, const char *func, const char *object, const char *subject, int reason, const char *message)
{
	(void)file, (void)line, (void)func, (void)object, (void)subject, (void)reason, (void)message;
}

int main(void)
{
	xmlSecKeyPtr own_key;

	xmlInitParser();
	if (xmlSecInit() < 0 || xmlSecCryptoAppInit(NULL) < 0 || xmlSecCryptoInit() < 0)
		return 2;
	idp_key = xmlSecCryptoAppKeyLoad("idp.pem", xmlSecKeyDataFormatCertPem, NULL, NULL, NULL);
	own_key = xmlSecCryptoAppKeyLoad("sp.key", xmlSecKeyDataFormatPem, NULL, NULL, NULL);
	own_keys = xmlSecKeysMngrCreate();
	if (idp_key == NULL || own_key == NULL || own_keys == NULL || xmlSecCryptoAppDefaultKeysMngrInit(own_keys) < 0 ||
	    xmlSecCryptoAppDefaultKeysMngrAdoptKey(own_keys, own_key) < 0)
		return 2;
	xmlSecErrorsSetCallback(quiet);
	return serve();
}
