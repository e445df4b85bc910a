/*
 * Accepts a response with lasso, as a service provider that links it does: the
 * metadata and keys are loaded once, each response has a session of its own.
 */
#include <lasso/lasso.h>
#include <lasso/xml/saml-2.0/saml2_assertion.h>
#include <lasso/saml-2.0/saml2_helper.h>

#include "driver.h"

static LassoServer *server;
static char *own_name;

static const char *verify(const char *form, size_t size)
{
	LassoLogin *login = lasso_login_new(server);
	const char *why = NULL;
	LassoNode *assertion;
	int code;

	(void)size;
	if (login == NULL)
		return "no session";
	code = lasso_login_process_authn_response_msg(login, (char *)form);
	if (code == 0)
		code = lasso_login_accept_sso(login);
	assertion = code == 0 ? lasso_login_get_assertion(login) : NULL;
	if (code != 0)
		why = lasso_strerror(code);
	else if (assertion == NULL ||
		 lasso_saml2_assertion_validate_conditions((LassoSaml2Assertion *)assertion, own_name) != LASSO_SAML2_ASSERTION_VALID)
		why = "the conditions do not hold";
	if (assertion != NULL)
		lasso_node_destroy(assertion);
	g_object_unref(login);
	return why;
}

static void quiet(const char *domain, GLogLevelFlags level, const char *message, gpointer data)
{
	(void)domain, (void)level, (void)message, (void)data;
}

int main(void)
{
	if (lasso_init() != 0)
		return 2;
	g_log_set_default_handler(quiet, NULL);
	server = lasso_server_new("sp.xml", "sp.key", NULL, NULL);
	if (server == NULL || lasso_server_set_encryption_private_key(server, "sp.key") != 0 ||
	    lasso_server_add_provider(server, LASSO_PROVIDER_ROLE_IDP, "idp.xml", NULL, NULL) != 0)
		return 2;
	own_name = LASSO_PROVIDER(server)->ProviderID;
	return serve();
}
