"""Secrets of work, content, commerce and support services."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, URL, UUID, issued, keyed, service
from narrows.masking.validators.secrets import is_mixed

WORK: Final = (
    issued(
        "notion_token",
        "NOTION_TOKEN",
        f"(?:ntn_[0-9]{{8,14}}[{ALNUM}]{{32,40}}|secret_[{ALNUM}]{{43}})",
        "ntn_<d11><w35>",
        before=URL,
    ),
    issued("linear_key", "LINEAR_KEY", f"lin_(?:api|oauth|wh)_[{ALNUM}]{{32,64}}", "lin_api_<w40>"),
    keyed("linear_secret", "LINEAR_SECRET", "linear[_-]", "[0-9a-f]{32}", "<h32>"),
    issued(
        "asana_token",
        "ASANA_TOKEN",
        "[0-2]/[0-9]{10,20}(?:/[0-9]{10,20})?[:/][0-9a-f]{32}",
        "2/<d16>/<d16>:<h32>",
        before=ALNUM + "/",
    ),
    keyed("asana_secret", "ASANA_SECRET", "asana", "[0-9a-z]{32}", "<h32>"),
    issued(
        "atlassian_token", "ATLASSIAN_TOKEN", "ATATT3[A-Za-z0-9+/=_-]{60,300}", "ATATT3xFfGF0<b170>=<H8>", after=URL
    ),
    keyed(
        "atlassian_token.keyed",
        "ATLASSIAN_TOKEN",
        "atlassian|jira|confluence|statuspage",
        f"[{ALNUM}]{{24}}",
        "<w24>",
        entropy=3.5,
        validate=is_mixed,
    ),
    keyed(
        "atlassian_token.data_center",
        "ATLASSIAN_TOKEN",
        "atlassian|jira|confluence",
        "(?:N[DTjTz]|M[DTjTz]|O[DTj])[A-Za-z0-9+/]{42}",
        "NDc<w41>",
        before="A-Za-z0-9+/",
    ),
    issued("trello_token", "TRELLO_TOKEN", "ATTA[0-9a-f]{72}", "ATTA<h72>", before=ALNUM),
    keyed("trello_key", "TRELLO_KEY", "trello", "(?:[0-9a-f]{64}|[0-9a-f]{32})", "<h32>"),
    issued("figma_token", "FIGMA_TOKEN", f"fig[dour]{{1,2}}_[{URL}]{{38,60}}", "figd_<b40>", before=ALNUM),
    keyed("figma_token.keyed", "FIGMA_TOKEN", "figma", f"[0-9]{{4,8}}-{UUID}", "<d6>-<uuid>"),
    issued("clickup_token", "CLICKUP_TOKEN", "pk_[0-9]{5,12}_[A-Z0-9]{32}", "pk_<d8>_<u32>", before=ALNUM),
    issued("close_key", "CLOSE_KEY", f"api_[{ALNUM}]{{22}}\\.[{ALNUM}]{{22}}", "api_<w22>.<w22>", before=ALNUM),
    issued(
        "zoho_token", "ZOHO_TOKEN", "1000\\.[0-9a-f]{32}(?:\\.[0-9a-f]{32})?", "1000.<h32>.<h32>", before=ALNUM + "."
    ),
    issued("deepl_key", "DEEPL_KEY", f"{UUID}:fx", "<uuid>:fx", before=ALNUM),
    issued("postman_key", "POSTMAN_KEY", "PMA[KT]-[0-9a-f]{24}-[0-9a-f]{34}", "PMAK-<h24>-<h34>"),
    issued("readme_key", "README_KEY", "rdme_[a-z0-9]{70}", "rdme_<l70>"),
    issued("gitbook_token", "GITBOOK_TOKEN", f"gb_api_[{ALNUM}]{{36,48}}", "gb_api_<w40>"),
    issued("retool_key", "RETOOL_KEY", "retool_01[a-z0-9]{24,40}", "retool_01<l24>"),
    issued("calcom_key", "CALCOM_KEY", "cal_(?:live_|test_)?[0-9a-f]{32}", "cal_live_<h32>", before=URL),
    issued("typeform_token", "TYPEFORM_TOKEN", f"tfp_[{URL}.=]{{40,60}}", "tfp_<w44>_<w14>", before=ALNUM, after=URL),
    issued("wakatime_key", "WAKATIME_KEY", f"waka_(?:tok_)?(?:{UUID}|[{ALNUM}]{{40,80}})", "waka_<uuid>"),
    issued(
        "harvest_token", "HARVEST_TOKEN", f"[0-9]{{4,8}}\\.(?:at|pt)\\.[{URL}]{{60,90}}", "<d7>.pt.<b80>", before=ALNUM
    ),
    issued(
        "rapidapi_key",
        "RAPIDAPI_KEY",
        "[0-9a-f]{10}msh[0-9a-f]{15}p1[0-9a-f]{5,6}jsn[0-9a-f]{12}",
        "<h10>msh<h15>p1<h5>jsn<h12>",
        before=ALNUM,
    ),
    keyed(
        "rapidapi_key.keyed",
        "RAPIDAPI_KEY",
        "rapid[_-]{0,1}api",
        f"[{URL}]{{50}}",
        "<w50>",
        entropy=3.5,
        validate=is_mixed,
    ),
    service(
        "work_service_token",
        "WORK_SERVICE_TOKEN",
        (
            "monday[._] todoist smartsheet wrike basecamp teamwork toggl clockify evernote coda[_-] miro "
            "lucid airbyte fivetran hightouch zapier pipedream n8n_api n8n_encryption n8n_key tines workato "
            "tray[._]io docusign hellosign pandadoc dropbox[_-]{0,1}sign calendly survey[_-]{0,1}monkey "
            "jotform"
        ),
        "[A-Za-z0-9_+=-]{16,200}",
        "<h40>",
        validate=is_mixed,
        key="todoist_api_token",
    ),
    service(
        "office_service_token",
        "OFFICE_SERVICE_TOKEN",
        (
            "lokalise crowdin transifex phrase[_-] poeditor deepl smartling copper pipedrive greenhouse "
            "lever[_-] bamboohr gusto rippling workday workable freshbooks xero quickbooks intuit netsuite "
            "bill[._]com expensify swagger[_-]{0,1}hub apiary insomnia bitly rebrandly typeform"
        ),
        "[A-Za-z0-9_+=-]{16,200}",
        "<h40>",
        validate=is_mixed,
        key="lokalise_api_token",
    ),
)

COMMERCE_AND_SUPPORT: Final = (
    issued("shopify_token", "SHOPIFY_TOKEN", "shp(?:at|ca|pa|ss|ua|tka|it)_[0-9a-fA-F]{32}", "shpat_<h32>"),
    issued("hubspot_token", "HUBSPOT_TOKEN", f"pat-(?:na|eu|ap)[0-9]-{UUID}", "pat-na1-<uuid>"),
    keyed("hubspot_key", "HUBSPOT_KEY", "hub[_-]{0,1}spot|hapikey", UUID, "<uuid>"),
    issued(
        "intercom_token",
        "INTERCOM_TOKEN",
        "dG9rO[A-Za-z0-9+/]{40,90}={0,2}",
        "dG9rOj<w54>=",
        before="A-Za-z0-9+/",
        after="A-Za-z0-9+/",
    ),
    keyed(
        "intercom_token.keyed",
        "INTERCOM_TOKEN",
        "intercom",
        "[A-Za-z0-9+/=_-]{59,60}",
        "<w60>",
        entropy=3.8,
        after="A-Za-z0-9+/=",
    ),
    keyed(
        "zendesk_token",
        "ZENDESK_TOKEN",
        "zendesk|zopim",
        f"[{ALNUM}]{{40}}(?:[{ALNUM}]{{24}})?",
        "<w40>",
        entropy=3.8,
        validate=is_mixed,
    ),
    service(
        "support_service_token",
        "SUPPORT_SERVICE_TOKEN",
        (
            "fresh(?:desk|service|chat|works) front[_-](?:api|app) drift crisp help[_-]{0,1}scout gorgias "
            "kustomer livechat tawk olark service[_-]{0,1}now uservoice canny delighted gladly dixa"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{20,160}})",
        "<w20>",
        validate=is_mixed,
        key="freshdesk_api_key",
    ),
    issued("woocommerce_key", "WOOCOMMERCE_KEY", "c[ks]_[0-9a-f]{40}", "cs_<h40>", before=URL),
    service(
        "shop_token",
        "SHOP_TOKEN",
        (
            "bigcommerce squarespace etsy magento prestashop woo(?:commerce)? ecwid gumroad "
            "lemon[_-]{0,1}squeezy printful shipstation shipengine aftership sendcloud taxjar avalara amadeus "
            "walmart best[_-]{0,1}buy rainforest keepa"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{20,160}})",
        "<w32>",
        validate=is_mixed,
        key="bigcommerce_access_token",
    ),
    issued(
        "ebay_key",
        "EBAY_KEY",
        "(?:SBX|PRD)-[0-9a-f]{12}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}",
        "PRD-<h12>-<h4>-<h4>-<h4>-<h4>",
        before=ALNUM,
    ),
    issued(
        "salesforce_token",
        "SALESFORCE_TOKEN",
        f"00D[{ALNUM}]{{12,15}}![{ALNUM}._]{{80,260}}",
        "00D<w12>!<w90>",
        before=ALNUM,
    ),
    issued(
        "salesforce_consumer_key", "SALESFORCE_CONSUMER_KEY", f"3MVG9[{ALNUM}._]{{75,90}}", "3MVG9<w80>", before=ALNUM
    ),
    issued(
        "salesforce_refresh_token",
        "SALESFORCE_REFRESH_TOKEN",
        f"5Aep861[{ALNUM}._]{{70,90}}",
        "5Aep861<w80>",
        before=ALNUM,
    ),
    keyed(
        "salesforce_secret",
        "SALESFORCE_SECRET",
        "salesforce|sfdc|sf[_-](?:consumer|client|security)",
        f"(?:[0-9A-F]{{64}}|[{ALNUM}]{{24,25}})",
        "<H64>",
        validate=is_mixed,
    ),
)

CONTENT: Final = (
    issued("contentful_token", "CONTENTFUL_TOKEN", f"CFPAT-[{URL}]{{43}}", "CFPAT-<b43>"),
    keyed(
        "contentful_token.keyed",
        "CONTENTFUL_TOKEN",
        "contentful|ctfl",
        f"[{URL}]{{43}}",
        "<b43>",
        entropy=3.8,
        validate=is_mixed,
    ),
    issued("sanity_token", "SANITY_TOKEN", f"sk[{ALNUM}]{{80,180}}", "sk<w160>", before=URL, validate=is_mixed),
    service(
        "content_service_token",
        "CONTENT_SERVICE_TOKEN",
        (
            "sanity prismic storyblok datocms strapi graphcms hygraph buttercms cosmic kontent contentstack "
            "builder[._]{0,1}io agilitycms ghost disqus discourse wordpress webflow wix imagekit imgix "
            "uploadcare filestack transloadit cloudinary mux vimeo wistia brightcove unsplash pexels pixabay "
            "shutterstock giphy tenor imgur flickr smugmug getty"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{15,200}})",
        "<w43>",
        entropy=3.2,
        validate=is_mixed,
        key="storyblok_access_token",
    ),
    issued("ghost_admin_key", "GHOST_ADMIN_KEY", "[0-9a-f]{24}:[0-9a-f]{64}", "<h24>:<h64>", before=URL),
    issued(
        "cloudinary_url",
        "CLOUDINARY_URL",
        f"cloudinary://[0-9]{{10,20}}:[{URL}]{{20,40}}@[A-Za-z0-9_-]{{1,60}}",
        "cloudinary://<d15>:<b27>@demo",
    ),
    issued("adobe_secret", "ADOBE_SECRET", f"p8e-[{URL}]{{32}}", "p8e-<w32>", before=ALNUM),
    keyed("adobe_key", "ADOBE_KEY", "adobe", "[0-9a-f]{32}", "<h32>"),
    issued("frameio_token", "FRAMEIO_TOKEN", f"fio-[uo]-[{URL}=]{{64}}", "fio-u-<b64>"),
    issued("canva_secret", "CANVA_SECRET", f"cnvca[{URL}]{{40,60}}", "cnvca<w48>"),
    issued("adafruit_key", "ADAFRUIT_KEY", f"aio_[{ALNUM}]{{28}}", "aio_<w28>", before=URL),
    service(
        "device_service_key",
        "DEVICE_SERVICE_KEY",
        (
            "adafruit particle blynk smartthings thingspeak thingsboard tuya ubidots losant "
            "home[_-]{0,1}assistant hass meraki unifi nest[_-](?:api|token|client) ecobee "
            "ring[_-](?:api|token|refresh) wyze arlo fitbit garmin "
            "withings strava oura whoop"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{16,180}})",
        "<l32>",
        validate=is_mixed,
        key="blynk_auth_token",
    ),
    issued("dropbox_token", "DROPBOX_TOKEN", f"sl\\.(?:u\\.)?[{URL}]{{120}}", "sl.<b135>", before=ALNUM, body=URL),
    issued(
        "dropbox_token.old",
        "DROPBOX_TOKEN",
        f"[{ALNUM}]{{11}}AAAAAAAAAA[{URL}=]{{43}}",
        "<w11>AAAAAAAAAA<b43>",
        before=ALNUM,
        entropy=2.5,
    ),
    keyed("dropbox_secret", "DROPBOX_SECRET", "dropbox", "[a-z0-9]{15}", "<l15>", validate=is_mixed),
    keyed(
        "box_secret",
        "BOX_SECRET",
        "box(?:[_-]{0,1}(?:client|app|api|sdk|developer|dev))",
        f"[{ALNUM}]{{32}}",
        "<w32>",
        entropy=3.5,
        validate=is_mixed,
        key="box_client_secret",
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (*WORK, *COMMERCE_AND_SUPPORT, *CONTENT)
