"""Secrets of chat, mail, telephony and notification services."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, URL, UUID, issued, keyed, service, spell
from narrows.masking.validators.secrets import is_mixed
from narrows.masking.validators.secrets_encoded import is_discord_token

CHAT: Final = (
    issued(
        "slack_token.bot",
        "SLACK_TOKEN",
        f"xoxb-[0-9]{{8,14}}(?:-[0-9]{{8,14}})?-[{ALNUM}]{{18,40}}",
        "xoxb-<d12>-<d13>-<w24>",
        after="",
    ),
    issued(
        "slack_token.user",
        "SLACK_TOKEN",
        f"xox[peos](?:-[0-9]{{8,14}}){{2,3}}-[{ALNUM}]{{24,64}}",
        "xoxp-<d12>-<d12>-<d13>-<h32>",
        after="",
    ),
    issued(
        "slack_token.legacy",
        "SLACK_TOKEN",
        f"xox[abceoprsd]-(?:[0-9]-)?[{ALNUM}%][A-Za-z0-9%/+-]{{20,400}}",
        "xoxa-2-<w36>",
        after="",
    ),
    issued(
        "slack_token.app",
        "SLACK_TOKEN",
        "xapp-[0-9]-[A-Z0-9]{8,16}-[0-9]{8,16}-[0-9a-f]{64}",
        "xapp-1-A<u10>-<d13>-<h64>",
    ),
    issued(
        "slack_token.configuration",
        "SLACK_TOKEN",
        f"xoxe(?:\\.xox[bp])?-[0-9]-[{ALNUM}]{{100,250}}",
        "xoxe.xoxp-1-<w160>",
    ),
    issued("slack_token.workflow", "SLACK_TOKEN", f"xwfp-[{ALNUM}-]{{20,120}}", "xwfp-<w40>"),
    issued(
        "slack_webhook",
        "SLACK_WEBHOOK",
        "(?:https?://)?hooks\\.slack(?:-gov)?\\.com/(?:services|workflows|triggers)/[A-Za-z0-9+/]{30,80}",
        "hooks.slack.com/services/T<u8>/B<u8>/<w24>",
    ),
    keyed("slack_signing_secret", "SLACK_SIGNING_SECRET", "slack", "[0-9a-f]{32}", "<h32>"),
    issued(
        "discord_token",
        "DISCORD_TOKEN",
        f"(?:mfa\\.[{URL}]{{84}}|[MNO][{ALNUM}]{{23,27}}\\.[{URL}]{{6}}\\.[{URL}]{{27,38}})",
        "MTA4NzM0OTE4MjY1NzMwNDkx.G<b5>.<b38>",
        before=URL,
        after=URL,
        validate=is_discord_token,
        refused=("MzzzNzM0OTE4MjY1NzMwNDkx.G<b5>.<b38>",),
    ),
    issued(
        "discord_webhook",
        "DISCORD_WEBHOOK",
        f"(?:https?://)?discord(?:app)?\\.com/api/(?:v[0-9]{{1,2}}/)?webhooks/[0-9]{{17,20}}/[{URL}]{{60,70}}",
        "discord.com/api/webhooks/<d18>/<b68>",
    ),
    keyed(
        "discord_secret",
        "DISCORD_SECRET",
        "discord",
        f"(?:[0-9a-f]{{64}}|[{URL}]{{32}})",
        "<w32>",
        entropy=3.5,
        validate=is_mixed,
    ),
    issued(
        "telegram_token",
        "TELEGRAM_TOKEN",
        f"[0-9]{{8,10}}:AA[{URL}]{{32,33}}",
        "<d10>:AA<b33>",
        before="0-9A-Za-z",
        after=URL,
    ),
    keyed(
        "telegram_token.keyed",
        "TELEGRAM_TOKEN",
        "telegr(?:am)?|tg[_-]{0,1}bot|bot[_-]{0,1}token|tgbot",
        f"[0-9]{{5,16}}:A[{URL}]{{34}}",
        "<d6>:A<b34>",
        before="0-9",
    ),
    issued(
        "teams_webhook",
        "TEAMS_WEBHOOK",
        f"(?:https?://)?[a-z0-9-]{{1,60}}\\.webhook\\.office\\.com/webhookb2/{UUID}@{UUID}/IncomingWebhook/[0-9a-f]{{32}}/{UUID}(?:/[{URL}]{{20,60}})?",
        "contoso.webhook.office.com/webhookb2/<uuid>@<uuid>/IncomingWebhook/<h32>/<uuid>",
    ),
    issued(
        "google_chat_webhook",
        "GOOGLE_CHAT_WEBHOOK",
        f"(?:https?://)?chat\\.googleapis\\.com/v1/spaces/[{URL}]{{8,20}}/messages\\?key=[{URL}]{{30,60}}&(?:amp;)?token=[{URL}%]{{30,60}}",
        "chat.googleapis.com/v1/spaces/<w11>/messages?key=AIza<b35>&token=<b43>",
        after="",
    ),
    issued(
        "dingtalk_webhook",
        "DINGTALK_WEBHOOK",
        "(?:https?://)?oapi\\.dingtalk\\.com/robot/send\\?access_token=[0-9a-f]{64}",
        "oapi.dingtalk.com/robot/send?access_token=<h64>",
    ),
    issued("dingtalk_secret", "DINGTALK_SECRET", "SEC[0-9a-f]{64}", "SEC<h64>", before=ALNUM),
    issued(
        "feishu_webhook",
        "FEISHU_WEBHOOK",
        f"(?:https?://)?open\\.(?:feishu\\.cn|larksuite\\.com)/open-apis/bot/v2/hook/{UUID}",
        "open.feishu.cn/open-apis/bot/v2/hook/<uuid>",
    ),
    issued(
        "wecom_webhook",
        "WECOM_WEBHOOK",
        f"(?:https?://)?qyapi\\.weixin\\.qq\\.com/cgi-bin/webhook/send\\?key={UUID}",
        "qyapi.weixin.qq.com/cgi-bin/webhook/send?key=<uuid>",
    ),
    keyed("wechat_secret", "WECHAT_SECRET", "wechat|weixin|wx[_-]|appsecret", "[0-9a-f]{32}", "<h32>"),
    keyed(
        "line_token",
        "LINE_TOKEN",
        "line[ _-]{0,1}(?:channel|access|bot|notify|messaging)",
        "(?:[A-Za-z0-9+/]{160,180}={0,2}|[A-Za-z0-9]{43})",
        "<B170>=",
        before="A-Za-z0-9+/",
        after="A-Za-z0-9+/=",
        entropy=3.8,
        key="line_channel_access_token",
    ),
    keyed("mattermost_token", "MATTERMOST_TOKEN", "mattermost|mm[_-]token", "[a-z0-9]{26}", "<l26>", validate=is_mixed),
    issued(
        "matrix_token",
        "MATRIX_TOKEN",
        f"syt_[A-Za-z0-9_=-]{{2,80}}_[{ALNUM}]{{20}}_[{ALNUM}]{{6}}",
        "syt_<w16>_<w20>_<w6>",
        before=ALNUM,
    ),
    keyed(
        "rocketchat_token",
        "ROCKETCHAT_TOKEN",
        "rocket[._-]{0,1}chat|x-auth-token",
        f"[{URL}]{{43}}",
        "<w43>",
        entropy=3.8,
        validate=is_mixed,
    ),
    keyed("zulip_key", "ZULIP_KEY", "zulip", f"[{ALNUM}]{{32}}", "<w32>", entropy=3.5, validate=is_mixed),
    issued(
        "zapier_webhook",
        "ZAPIER_WEBHOOK",
        "(?:https?://)?hooks\\.zapier\\.com/hooks/catch/[0-9]{5,10}/[0-9a-z]{5,12}",
        "hooks.zapier.com/hooks/catch/<d7>/<l7>",
    ),
    issued(
        "ifttt_webhook",
        "IFTTT_WEBHOOK",
        f"(?:https?://)?maker\\.ifttt\\.com/trigger/[{URL}]{{1,60}}/(?:json/)?with/key/[{URL}]{{20,45}}",
        "maker.ifttt.com/trigger/door/with/key/<b22>",
    ),
    keyed("zoom_secret", "ZOOM_SECRET", "zoom", f"[{ALNUM}]{{22,36}}", "<w32>", entropy=3.5, validate=is_mixed),
    keyed(
        "webex_token",
        "WEBEX_TOKEN",
        "webex|spark[_-]token|ciscospark",
        f"(?:[{ALNUM}]{{64}}_[A-Z]{{1}}[A-Z0-9]{{1,3}}_{UUID}|[0-9a-f]{{64}})",
        "<w64>_PF84_<uuid>",
    ),
)

MAIL: Final = (
    issued(
        "sendgrid_key",
        "SENDGRID_KEY",
        f"SG\\.[{URL}]{{16,32}}\\.[{URL}]{{36,50}}",
        "SG.<b22>.<b43>",
        before=ALNUM,
        after=URL,
    ),
    issued("mailgun_key", "MAILGUN_KEY", "(?:key|pubkey)-[0-9a-f]{32}", "key-<h32>", before=ALNUM),
    issued(
        "mailgun_key.sending",
        "MAILGUN_KEY",
        "[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}",
        "<h32>-<h8>-<h8>",
        before=URL,
        after=URL,
    ),
    issued("mailchimp_key", "MAILCHIMP_KEY", "[0-9a-f]{32}-us[0-9]{1,2}", "<h32>-us14", before=ALNUM),
    issued("mandrill_key", "MANDRILL_KEY", f"md-[{URL}]{{22}}", "md-<w22>", before=URL, after=URL, validate=is_mixed),
    keyed("mandrill_key.keyed", "MANDRILL_KEY", "mandrill", f"[{URL}]{{22}}", "<w22>", entropy=3.3, validate=is_mixed),
    keyed("postmark_token", "POSTMARK_TOKEN", "postmark", UUID, "<uuid>"),
    issued("brevo_key", "BREVO_KEY", f"x(?:keysib|smtpsib)-[0-9a-f]{{64}}-[{ALNUM}]{{16}}", "xkeysib-<h64>-<w16>"),
    keyed("sparkpost_key", "SPARKPOST_KEY", "sparkpost", "[0-9a-f]{40}", "<h40>"),
    issued("resend_key", "RESEND_KEY", f"re_[{ALNUM}]{{8}}_[{ALNUM}]{{24}}", "re_<w8>_<w24>", before=URL),
    keyed("mailjet_key", "MAILJET_KEY", "mailjet|mj[_-]apikey", "[0-9a-f]{32}", "<h32>"),
    issued("klaviyo_key", "KLAVIYO_KEY", "pk_[0-9a-f]{34}", "pk_<h34>", before=ALNUM),
    service(
        "mail_service_key",
        "MAIL_SERVICE_KEY",
        (
            "customer[._]{0,1}io iterable elastic[_-]{0,1}email convertkit mailerlite activecampaign "
            "campaign[_-]{0,1}monitor drip mailtrap zeptomail smtp2go socketlabs moosend omnisend beehiiv "
            "braze hunter[._]{0,1}io neverbounce zerobounce emailable mailboxlayer"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{20,140}})",
        "<h32>",
        validate=is_mixed,
        key="customerio_api_key",
    ),
    issued("mailersend_token", "MAILERSEND_TOKEN", "mlsn\\.[0-9a-f]{64}", "mlsn.<h64>"),
    issued("ntfy_token", "NTFY_TOKEN", "tk_[a-z0-9]{29}", "tk_<l29>", before=URL, validate=is_mixed),
)

CALLS: Final = (
    issued("twilio_key", "TWILIO_KEY", "SK[0-9a-f]{32}", "SK<h32>", before=ALNUM),
    issued("twilio_account", "TWILIO_ACCOUNT", "AC[0-9a-f]{32}", "AC<h32>", before=ALNUM, score=0.7),
    keyed("twilio_token", "TWILIO_TOKEN", "twilio|auth[_-]{0,1}token", "[0-9a-f]{32}", "<h32>"),
    Detector(
        name="twilio_token.pair",
        entity="TWILIO_TOKEN",
        lead=r"AC[0-9a-f]{32}[\"':, ]{1,6}",
        pattern=r"[0-9a-f]{32}",
        not_before=ALNUM,
        not_after=ALNUM,
        examples=(f'Client("AC{spell("<h32>")}", "{spell("<h32>")}")', f"curl -u AC{spell('<h32>')}:{spell('<h32>')}"),
        counterexamples=(f"AC{spell('<h32>')}", spell("<h32>")),
    ),
    keyed(
        "vonage_secret", "VONAGE_SECRET", "vonage|nexmo", f"[{ALNUM}]{{16}}", "<w16>", entropy=3.0, validate=is_mixed
    ),
    keyed(
        "messagebird_key",
        "MESSAGEBIRD_KEY",
        "message[_-]{0,1}bird",
        f"(?:(?:live_|test_)?[{ALNUM}]{{25}}|{UUID})",
        "<w25>",
        entropy=3.0,
        validate=is_mixed,
    ),
    issued("telnyx_key", "TELNYX_KEY", f"KEY[0-9A-F]{{32}}_[{ALNUM}]{{22}}", "KEY<H32>_<w22>"),
    issued("infobip_key", "INFOBIP_KEY", f"[0-9a-f]{{32}}-{UUID}", "<h32>-<uuid>", before=ALNUM),
    keyed("plivo_token", "PLIVO_TOKEN", "plivo", f"[{ALNUM}]{{40}}", "<w40>", entropy=3.8, validate=is_mixed),
    service(
        "telephony_key",
        "TELEPHONY_KEY",
        (
            "sinch bandwidth[_-] clicksend textlocal msg91 ringcentral dialpad aircall signalwire infobip "
            "kaleyra exotel clickatell africastalking telesign authy"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{20,120}})",
        "<w32>",
        validate=is_mixed,
        key="sinch_api_token",
    ),
    issued(
        "onesignal_key",
        "ONESIGNAL_KEY",
        "os_v2_(?:app|org)_[a-z2-7]{80,120}",
        "os_v2_app_q7z2kw4xv3bn4jr3tp5lm6q7z2kw4xv3bn4jr3tp5lm6q7z2kw4xv3bn4jr3tp5lm6q7z2kw4xv3bn4jr3tp5lm6",
    ),
    keyed(
        "onesignal_key.keyed",
        "ONESIGNAL_KEY",
        "one[_-]{0,1}signal",
        f"(?:[{ALNUM}]{{48}}|{UUID})",
        "<w48>",
        entropy=3.0,
        validate=is_mixed,
    ),
    issued(
        "pubnub_key", "PUBNUB_KEY", f"(?:sec|pub|sub)-c-(?:[A-Za-z0-9+/=]{{48}}|{UUID})", "sec-c-<uuid>", before=ALNUM
    ),
    keyed("ably_key", "ABLY_KEY", "ably", f"[{URL}]{{6}}\\.[{URL}]{{6}}:[{URL}]{{43}}", "<w6>.<w6>:<w43>", entropy=4.0),
    keyed("pusher_secret", "PUSHER_SECRET", "pusher", "[0-9a-f]{20}", "<h20>"),
    keyed("sendbird_token", "SENDBIRD_TOKEN", "sendbird", f"(?:[0-9a-f]{{40}}|{UUID})", "<h40>"),
    keyed(
        "stream_secret",
        "STREAM_SECRET",
        "stream[_-]{0,1}(?:api|chat|io|secret)|getstream",
        "[0-9a-z]{60,64}",
        "<l64>",
        validate=is_mixed,
        key="stream_api_secret",
    ),
    issued(
        "pushbullet_token", "PUSHBULLET_TOKEN", f"o\\.[{ALNUM}]{{32}}", "o.<w32>", before=URL + ".", validate=is_mixed
    ),
    keyed("pushover_token", "PUSHOVER_TOKEN", "pushover", "[aug][a-z0-9]{29}", "a<l29>", validate=is_mixed),
    issued("courier_key", "COURIER_KEY", "[dp]k_(?:prod|test)_[A-Z0-9]{28}", "pk_prod_<u28>", before=ALNUM),
    keyed("beamer_token", "BEAMER_TOKEN", "beamer", f"b_[{URL}=]{{44}}", "b_<w44>"),
)

DETECTORS: Final[tuple[Detector, ...]] = (*CHAT, *MAIL, *CALLS)
