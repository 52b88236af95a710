/** 念出来: reads an answer to the farmer, where the phone has a voice. */
import { useEffect, useState } from 'preact/hooks';
import { t } from '../../catalogue/catalogue.ts';
import { Icon } from '../../ui/icon.tsx';

export function ReadAloud({ text }: { text: string }) {
  const [speaking, setSpeaking] = useState(false);
  useEffect(() => () => window.speechSynthesis?.cancel(), []);
  if (!('speechSynthesis' in window) || !text) return null;
  const press = () => {
    speechSynthesis.cancel();
    if (speaking) return setSpeaking(false);
    const speech = new SpeechSynthesisUtterance(text);
    speech.lang = 'zh-CN';
    speech.rate = 0.9;
    speech.onend = speech.onerror = () => setSpeaking(false);
    setSpeaking(true);
    speechSynthesis.speak(speech);
  };
  return (
    <button class="btn btn--soft btn--small spoken" onClick={press}>
      <Icon name="speaker" />
      {t(speaking ? 'thread.stop_reading' : 'thread.read_aloud')}
    </button>
  );
}
