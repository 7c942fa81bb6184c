"""Secrets of identity providers, testing services, social networks and media."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, URL, UUID, issued, keyed, service
from narrows.masking.validators.secrets import is_mixed

IDENTITY: Final = (
    keyed("okta_token", "OKTA_TOKEN", "okta|ssws", f"00[{URL}]{{40}}", "00<b40>", entropy=3.5),
    keyed(
        "okta_secret",
        "OKTA_SECRET",
        "okta[A-Za-z0-9_. -]{0,16}secret",
        f"[{URL}]{{40,64}}",
        "<b40>",
        entropy=3.8,
        validate=is_mixed,
        key="okta_client_secret",
    ),
    keyed("auth0_secret", "AUTH0_SECRET", "auth0", f"[{URL}]{{64}}", "<b64>", entropy=3.8, validate=is_mixed),
    issued("stytch_secret", "STYTCH_SECRET", f"secret-(?:live|test)-[{URL}=]{{36,40}}", "secret-test-<b36>", after=URL),
    issued(
        "workos_key",
        "WORKOS_KEY",
        "sk_(?:live_|test_|staging_)?[A-Za-z0-9_-]{40,100}",
        "sk_live_<w60>",
        before=URL,
        after=URL,
        validate=is_mixed,
    ),
    issued(
        "authress_key",
        "AUTHRESS_KEY",
        f"(?:sc|ext|scauth|authress)_[{ALNUM}]{{5,30}}\\.[{ALNUM}]{{4,6}}\\.acc[_-][{ALNUM}-]{{10,32}}\\.[A-Za-z0-9+/_=-]{{30,120}}",
        "sc_<w12>.<w5>.acc_<w16>.<w60>",
        after=URL,
    ),
    service(
        "identity_service_secret",
        "IDENTITY_SERVICE_SECRET",
        (
            "one[_-]{0,1}login ping[_-]{0,1}(?:identity|federate|one) keycloak duo[_-] frontegg descope "
            "fusion[_-]{0,1}auth cognito jumpcloud supertokens logto zitadel authentik yubico saml[_-] "
            "oidc[_-](?:client|rp) "
            "oauth2?(?:[(]|[_.-]{0,1}(?:client|token|secret|consumer)) sso[_-]client"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=~-]{{24,160}})",
        "<w40>",
        entropy=3.2,
        validate=is_mixed,
        key="keycloak_client_secret",
    ),
    issued("hcaptcha_secret", "HCAPTCHA_SECRET", "ES_[0-9a-f]{32}", "ES_<h32>", before=URL),
    issued(
        "turnstile_secret",
        "TURNSTILE_SECRET",
        f"0x4AAAA[{URL}]{{28,32}}",
        "0x4AAAA<b29>",
        before=ALNUM,
        validate=is_mixed,
    ),
    keyed(
        "recaptcha_secret",
        "RECAPTCHA_SECRET",
        "re[_-]{0,1}captcha[A-Za-z0-9_. -]{0,16}(?:secret|private)",
        f"6L[{URL}]{{38}}",
        "6L<b38>",
        key="recaptcha_secret_key",
    ),
    service(
        "testing_service_key",
        "TESTING_SERVICE_KEY",
        (
            "browser[_-]{0,1}stack sauce(?:labs)? lambda[_-]{0,1}test percy applitools cypress testrail "
            "testingbot kobiton perfecto mabl rainforest blazemeter k6[_-] loadimpact flood[._]io artillery"
        ),
        f"(?:{UUID}|LT_[{ALNUM}]{{40,60}}|[A-Za-z0-9_-]{{20,100}})",
        "<w20>",
        validate=is_mixed,
        key="browserstack_access_key",
    ),
)

SOCIAL: Final = (
    issued(
        "facebook_token",
        "FACEBOOK_TOKEN",
        f"EAA[{ALNUM}]{{80,400}}",
        "EAAC<w120>",
        before=ALNUM + "+/",
        after=ALNUM + "+/",
        entropy=4.0,
        validate=is_mixed,
    ),
    issued(
        "facebook_app_token",
        "FACEBOOK_APP_TOKEN",
        f"[0-9]{{15,16}}(?:\\||%7[cC])[{URL}]{{27,40}}",
        "<d15>|<b27>",
        before=ALNUM,
        after=URL,
    ),
    keyed(
        "facebook_secret", "FACEBOOK_SECRET", "facebook|fb[_-]|meta[_-]app|instagram|whatsapp", "[0-9a-f]{32}", "<h32>"
    ),
    issued(
        "instagram_token", "INSTAGRAM_TOKEN", f"IG(?:QV|AA)[{URL}]{{60,300}}", "IGQV<b100>", before=ALNUM, after=URL
    ),
    issued(
        "twitter_bearer_token",
        "TWITTER_BEARER_TOKEN",
        "A{18,24}[A-Za-z0-9%]{60,120}",
        "AAAAAAAAAAAAAAAAAAAAA<w80>",
        before=ALNUM + "+/",
        after=ALNUM + "+/",
        entropy=3.5,
        validate=is_mixed,
    ),
    keyed(
        "twitter_secret",
        "TWITTER_SECRET",
        "twitter|tweepy|twttr",
        f"(?:[0-9]{{10,25}}-[{ALNUM}]{{20,45}}|[{ALNUM}]{{50}}|[{ALNUM}]{{45}}|[{ALNUM}]{{25}})",
        "<w50>",
        entropy=3.5,
        validate=is_mixed,
    ),
    issued(
        "linkedin_secret",
        "LINKEDIN_SECRET",
        f"WPL_AP[0-9]\\.[{ALNUM}.]{{16,24}}[{ALNUM}/+]{{0,12}}={{0,2}}",
        "WPL_AP1.<w16>.<w8>==",
        before=ALNUM,
    ),
    keyed(
        "linkedin_secret.keyed",
        "LINKEDIN_SECRET",
        "linked[ _-]{0,1}in",
        f"(?:[{ALNUM}]{{16}}|AQ[{URL}]{{60,400}})",
        "<w16>",
        entropy=3.2,
        validate=is_mixed,
    ),
    keyed("twitch_secret", "TWITCH_SECRET", "twitch", "[a-z0-9]{30}", "<l30>", entropy=3.3, validate=is_mixed),
    issued("twitch_token", "TWITCH_TOKEN", "oauth:[a-z0-9]{30}", "oauth:<l30>", before=ALNUM, validate=is_mixed),
    keyed("spotify_secret", "SPOTIFY_SECRET", "spotify|spotipy", "[0-9a-f]{32}", "<h32>"),
    issued("pinterest_token", "PINTEREST_TOKEN", f"pin[ar]_[{ALNUM}]{{60,120}}", "pina_<w90>", before=URL),
    keyed(
        "reddit_secret", "REDDIT_SECRET", "reddit|praw", f"[{URL}]{{27,30}}", "<b27>", entropy=3.5, validate=is_mixed
    ),
    keyed(
        "tiktok_secret",
        "TIKTOK_SECRET",
        "tik[_-]{0,1}tok|snapchat|bytedance",
        f"(?:(?:act|clt)\\.[A-Za-z0-9!.*]{{40,120}}|[{ALNUM}]{{32,64}})",
        "<w40>",
        entropy=3.5,
        validate=is_mixed,
    ),
    service(
        "media_service_key",
        "MEDIA_SERVICE_KEY",
        (
            "youtube soundcloud deezer last[._]{0,1}fm genius musixmatch audd nytimes guardian yelp "
            "eventbrite meetup tumblr yahoo dailymotion omdb tmdb themoviedb tvdb trakt "
            "steam[_-](?:api|web|key) riot[_-] nasa rebrickable goodreads kaggle"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{16,180}})",
        "<h32>",
        validate=is_mixed,
        key="tmdb_api_key",
    ),
    issued("foursquare_key", "FOURSQUARE_KEY", "fsq3[A-Za-z0-9+/]{40,50}={0,2}", "fsq3<w44>", before=ALNUM),
    issued("riot_key", "RIOT_KEY", f"RGAPI-{UUID}", "RGAPI-<uuid>"),
)

DETECTORS: Final[tuple[Detector, ...]] = (*IDENTITY, *SOCIAL)
