"""The vendors by name, each with the writer of its exports."""

from workbench.exports.access_log import ACCESS_LOG
from workbench.exports.amplitude import AMPLITUDE
from workbench.exports.ga4 import GA4, GA4_FLAT
from workbench.exports.mailchimp import MAILCHIMP
from workbench.exports.meta import META
from workbench.exports.onetrust import ONETRUST
from workbench.exports.salesforce import SALESFORCE
from workbench.exports.segment import SEGMENT
from workbench.exports.shopify_customers import SHOPIFY_CUSTOMERS
from workbench.exports.shopify_orders import SHOPIFY_ORDERS
from workbench.exports.stripe import STRIPE
from workbench.exports.survey_tools import QUALTRICS, SURVEYMONKEY
from workbench.exports.zendesk import ZENDESK

#: Writers by the name of the format; ``ga4_flat_csv`` is the console's CSV of
#: ``ga4_bigquery_export``.
WRITERS = {
    "shopify_orders": SHOPIFY_ORDERS,
    "shopify_customers": SHOPIFY_CUSTOMERS,
    "stripe_payments": STRIPE,
    "ga4_bigquery_export": GA4,
    "ga4_flat_csv": GA4_FLAT,
    "access_log": ACCESS_LOG,
    "segment": SEGMENT,
    "amplitude": AMPLITUDE,
    "salesforce": SALESFORCE,
    "zendesk": ZENDESK,
    "mailchimp": MAILCHIMP,
    "surveymonkey": SURVEYMONKEY,
    "qualtrics": QUALTRICS,
    "consent_onetrust": ONETRUST,
    "meta_graph_comments": META,
}
