"""SM, the Chinese state's algorithms (国密): SM2 for signatures and secrets, SM3 for digests, SM4 for what is sealed.

This folder is imported only where there is an SM2 key. `keys` has the keys and `files` their file formats; `sm2` signs,
verifies, encrypts and decrypts with the best engine that `engines` finds; `sm4` decrypts what the platform encrypted.
https://pay.weixin.qq.com/docs/partner/development/shangmi/guide.html
"""
