"""Secrets of vendors of models, of what feeds them, and of what watches them."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.secrets_rows import ALNUM, URL, UUID, issued, keyed, service
from narrows.masking.validators.secrets import is_mixed

MODELS: Final = (
    issued(
        "openai_key",
        "OPENAI_KEY",
        f"sk-(?:proj|svcacct|admin|None|service)-[{URL}]{{20,250}}",
        "sk-proj-<b40>",
        before=ALNUM,
        after=URL,
        validate=is_mixed,
    ),
    issued(
        "openai_key.marked",
        "OPENAI_KEY",
        f"sk-(?:[a-z]{{3,20}}-)?[{URL}]{{20,120}}T3BlbkFJ[{URL}]{{20,120}}",
        "sk-<w20>T3BlbkFJ<w20>",
        before=ALNUM,
        after=URL,
        score=1.0,
    ),
    issued(
        "openai_key.legacy",
        "OPENAI_KEY",
        f"sk-[{ALNUM}]{{32,64}}",
        "sk-<w48>",
        before=URL,
        after=URL,
        validate=is_mixed,
    ),
    issued("openai_session", "OPENAI_SESSION", f"sess-[{ALNUM}]{{40}}", "sess-<w40>", before=URL),
    issued(
        "anthropic_key",
        "ANTHROPIC_KEY",
        f"sk-ant-(?:[a-z]{{2,6}}[0-9]{{2}}-)?[{URL}]{{32,160}}",
        "sk-ant-api03-<b93>AA",
        after=URL,
    ),
    issued("groq_key", "GROQ_KEY", f"gsk_[{ALNUM}]{{48,56}}", "gsk_<w52>", before=ALNUM),
    issued(
        "huggingface_token",
        "HUGGINGFACE_TOKEN",
        f"(?:hf_[{ALNUM}]{{34,40}}|api_org_[{ALNUM}]{{34}})",
        "hf_<w34>",
        before=URL,
        refused=("hf_<w20>",),
    ),
    issued("replicate_token", "REPLICATE_TOKEN", f"r8_[{ALNUM}]{{37}}", "r8_<w37>", before=URL),
    issued("perplexity_key", "PERPLEXITY_KEY", f"pplx-[{ALNUM}]{{48,64}}", "pplx-<w48>"),
    issued("xai_key", "XAI_KEY", f"xai-[{ALNUM}]{{70,90}}", "xai-<w80>", before=ALNUM),
    keyed("mistral_key", "MISTRAL_KEY", "mistral", f"[{ALNUM}]{{32}}", "<w32>", entropy=3.5, validate=is_mixed),
    keyed(
        "cohere_key",
        "COHERE_KEY",
        "cohere|co[_-]api[_-]key",
        f"[{ALNUM}]{{40}}",
        "<w40>",
        entropy=3.8,
        validate=is_mixed,
    ),
    issued("together_key", "TOGETHER_KEY", f"tgp_v1_[{URL}]{{43}}", "tgp_v1_<b43>"),
    keyed("together_key.keyed", "TOGETHER_KEY", "together", "[0-9a-f]{64}", "<h64>"),
    issued("deepseek_key", "DEEPSEEK_KEY", "sk-[0-9a-f]{32}", "sk-<h32>", before=URL),
    issued("openrouter_key", "OPENROUTER_KEY", "sk-or-(?:v[0-9]-)?[0-9a-f]{64}", "sk-or-v1-<h64>"),
    issued("fireworks_key", "FIREWORKS_KEY", f"fw_[{ALNUM}]{{22,26}}", "fw_<w24>", before=URL, validate=is_mixed),
    issued("elevenlabs_key", "ELEVENLABS_KEY", "sk_[0-9a-f]{48}", "sk_<h48>", before=URL),
    keyed(
        "elevenlabs_key.keyed",
        "ELEVENLABS_KEY",
        "eleven[_-]{0,1}labs|xi[_-]api[_-]key|eleven[_-]api",
        "[0-9a-f]{32}",
        "<h32>",
    ),
    keyed(
        "stability_key",
        "STABILITY_KEY",
        "stability|dreamstudio|stable[_-]diffusion",
        f"sk-[{ALNUM}]{{40,60}}",
        "sk-<w48>",
    ),
    issued("nvidia_key", "NVIDIA_KEY", f"nvapi-[{URL}]{{58,72}}", "nvapi-<b64>", after=URL),
    issued("cerebras_key", "CEREBRAS_KEY", "csk-[a-z0-9]{48}", "csk-<l48>", before=ALNUM),
    keyed("sambanova_key", "SAMBANOVA_KEY", "sambanova", UUID, "<uuid>"),
    issued("anyscale_key", "ANYSCALE_KEY", f"(?:esecret|aph0)_[{ALNUM}]{{24,64}}", "esecret_<l26>", validate=is_mixed),
    issued(
        "zhipu_key",
        "ZHIPU_KEY",
        f"[0-9a-f]{{32}}\\.[{ALNUM}]{{16}}",
        "<h32>.<w16>",
        before=ALNUM + "._-",
        after=ALNUM + "._-",
    ),
    service(
        "model_vendor_key",
        "MODEL_VENDOR_KEY",
        (
            "ai21 aleph[_-]{0,1}alpha deepinfra lepton octoai novita siliconflow moonshot kimi minimax "
            "baichuan dashscope qianfan hunyuan volcengine upstage writer[_-]api reka inflection hyperbolic "
            "nebius featherless forefront gooseai nlp[_-]{0,1}cloud banana[_-] baseten cerebrium "
            "beam[_-](?:api|token|cloud) predibase friendli gradient lambda[_-]{0,1}(?:labs|cloud)"
        ),
        "[A-Za-z0-9_+=-]{24,160}",
        "<w40>",
        entropy=3.2,
        validate=is_mixed,
        key="moonshot_api_key",
    ),
    service(
        "media_model_key",
        "MEDIA_MODEL_KEY",
        (
            "fal[_-](?:key|ai) ideogram leonardo midjourney luma heygen synthesia d_id_api playht resemble "
            "murf recraft scenario hume rev[_-]ai gladia speechmatics soniox assembly[_-]{0,1}ai deepgram "
            "clarifai roboflow monkeylearn eden[_-]{0,1}ai diffbot"
        ),
        "[A-Za-z0-9_+=-]{24,160}",
        "<w40>",
        entropy=3.2,
        validate=is_mixed,
        key="deepgram_api_key",
    ),
    issued("runpod_key", "RUNPOD_KEY", "rpa_[A-Z0-9]{40,60}", "rpa_<u42>", before=URL),
    issued(
        "modal_token", "MODAL_TOKEN", f"a[ks]-[{ALNUM}]{{22}}", "ak-<w22>", before=URL, after=URL, validate=is_mixed
    ),
    issued("runway_key", "RUNWAY_KEY", "key_[0-9a-f]{128}", "key_<h128>", before=URL),
    issued("luma_key", "LUMA_KEY", f"luma-{UUID}-{UUID}", "luma-<uuid>-<uuid>"),
    issued("fal_key", "FAL_KEY", f"{UUID}:[0-9a-f]{{32}}", "<uuid>:<h32>", before=URL),
    issued("cartesia_key", "CARTESIA_KEY", f"sk_car_[{ALNUM}_]{{20,50}}", "sk_car_<w22>"),
    issued(
        "ai_studio_key",
        "AI_STUDIO_KEY",
        f"AQ\\.[{URL}]{{40,80}}",
        "AQ.Ab8RN6<b42>",
        before=ALNUM,
        after=URL,
        validate=is_mixed,
    ),
)

DATA_AND_SEARCH: Final = (
    issued("pinecone_key", "PINECONE_KEY", f"pc(?:sk|pat)_[{ALNUM}]{{4,8}}_[{ALNUM}]{{50,70}}", "pcsk_<w6>_<w63>"),
    keyed("pinecone_key.keyed", "PINECONE_KEY", "pinecone", UUID, "<uuid>"),
    keyed(
        "weaviate_key",
        "WEAVIATE_KEY",
        "weaviate|wcd[_-]|wcs[_-]",
        f"[{ALNUM}]{{36,80}}",
        "<w40>",
        entropy=3.8,
        validate=is_mixed,
    ),
    service(
        "vector_store_key",
        "VECTOR_STORE_KEY",
        ("qdrant zilliz milvus vespa marqo chroma turbopuffer lancedb vectara meilisearch typesense"),
        f"(?:{UUID}|[A-Za-z0-9_|-]{{30,160}})",
        "<w40>",
        entropy=3.2,
        validate=is_mixed,
        key="qdrant_api_key",
    ),
    issued("chroma_key", "CHROMA_KEY", f"ck-[{ALNUM}]{{44}}", "ck-<w44>", before=URL),
    issued("voyage_key", "VOYAGE_KEY", f"pa-[{URL}]{{43}}", "pa-<w43>", before=URL, after=URL, validate=is_mixed),
    issued("jina_key", "JINA_KEY", f"jina_[{URL}]{{50,70}}", "jina_<w60>"),
    issued("tavily_key", "TAVILY_KEY", f"tvly-(?:dev-|prod-)?[{ALNUM}-]{{28,60}}", "tvly-dev-<w32>"),
    service(
        "search_api_key",
        "SEARCH_API_KEY",
        (
            "serp[_-]{0,1}api serper exa[_-]api brave[_-](?:api|search) bing[_-] you[_-]{0,1}com kagi "
            "searchapi valueserp scale[_-]{0,1}serp zenserp scraper[_-]{0,1}api scraping[_-]{0,1}bee zyte "
            "scrapfly apify browserless brightdata zenrows newsapi gnews mediastack wolfram"
        ),
        f"(?:{UUID}|[A-Za-z0-9_-]{{20,90}})",
        "<h64>",
        validate=is_mixed,
        key="serpapi_key",
    ),
    issued("brave_key", "BRAVE_KEY", f"BSA[{URL}]{{27,29}}", "BSA<b28>", before=ALNUM, after=URL, validate=is_mixed),
    issued("firecrawl_key", "FIRECRAWL_KEY", "fc-[0-9a-f]{32}", "fc-<h32>", before=URL),
    issued("apify_token", "APIFY_TOKEN", f"apify_(?:api|proxy)_[{ALNUM}]{{30,50}}", "apify_api_<w36>"),
    issued("llama_cloud_key", "LLAMA_CLOUD_KEY", f"llx-[{ALNUM}]{{40,60}}", "llx-<w48>", before=ALNUM),
    issued("browserbase_key", "BROWSERBASE_KEY", f"bb_(?:live|test)_[{URL}]{{24,32}}", "bb_live_<b27>", before=ALNUM),
    issued("e2b_key", "E2B_KEY", "e2b_[0-9a-f]{40}", "e2b_<h40>", before=ALNUM),
    issued("mem0_key", "MEM0_KEY", f"m0-[{ALNUM}]{{40}}", "m0-<w40>", before=URL),
)

WATCHING: Final = (
    issued(
        "langsmith_key",
        "LANGSMITH_KEY",
        "(?:lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}|ls__[0-9a-f]{32})",
        "lsv2_pt_<h32>_<h10>",
    ),
    issued("langfuse_key", "LANGFUSE_KEY", f"[sp]k-lf-{UUID}", "sk-lf-<uuid>"),
    issued("helicone_key", "HELICONE_KEY", f"(?:sk|pk)-helicone-[{URL}]{{20,80}}", "sk-helicone-<l8>-<l7>-<l7>-<l7>"),
    keyed("wandb_key", "WANDB_KEY", "wandb|weights[_-]{0,1}(?:and[_-]{0,1})?biases", "[0-9a-f]{40}", "<h40>"),
    issued("wandb_key.prefixed", "WANDB_KEY", f"wandb_v1_[{ALNUM}_]{{40,100}}", "wandb_v1_<w60>"),
    service(
        "model_operations_key",
        "MODEL_OPERATIONS_KEY",
        (
            "portkey litellm comet[_-] neptune arize phoenix[_-]api braintrust humanloop traceloop agentops "
            "promptlayer galileo patronus dagshub clearml mlflow lakera guardrails"
        ),
        f"(?:{UUID}|[A-Za-z0-9_+=-]{{20,200}})",
        "<w32>",
        entropy=3.2,
        validate=is_mixed,
        key="portkey_api_key",
    ),
    issued("retell_key", "RETELL_KEY", "key_[0-9a-f]{28}", "key_<h28>", before=URL),
    issued(
        "composio_key",
        "COMPOSIO_KEY",
        f"(?:ak_[{URL}]{{20}}|comp_[{ALNUM}]{{24,40}})",
        "ak_<w20>",
        before=URL,
        after=URL,
        validate=is_mixed,
        score=0.7,
    ),
)

DETECTORS: Final[tuple[Detector, ...]] = (*MODELS, *DATA_AND_SEARCH, *WATCHING)
