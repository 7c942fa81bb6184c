"""OpenAI's wire API and the servers compatible with it (llama.cpp, vLLM, SGLang, Ollama's /v1, …)."""
