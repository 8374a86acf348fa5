"""SM, the Chinese state's algorithms (国密): SM2 for signatures and secrets, SM3 for digests, SM4 for what is sealed.

Only who has an SM2 key imports this folder. `keys` and `files` are the keys and the forms they come in, `sm2` signs,
verifies, encrypts and decrypts by the best engine that `engines` finds, `sm4` opens what the platform sealed.
https://pay.weixin.qq.com/docs/partner/development/shangmi/guide.html
"""
