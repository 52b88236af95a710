/** 选作物: by picture, or by any name that farmers give it. */
import { useState } from 'preact/hooks';
import { back } from '../../app/route.ts';
import { t } from '../../catalogue/catalogue.ts';
import { cropNamed, programme, type Crop } from '../../store/programme.ts';
import { Field } from '../../ui/fields.tsx';
import { BackHead, Empty, Frame } from '../../ui/frame.tsx';
import { CropPicture, Icon } from '../../ui/icon.tsx';
import { frequentCrops, reportDraft } from './draft.ts';

/** What programmes call what fits nowhere else. */
const ANY_INDUSTRY = '其他';

interface Group {
  name: string;
  crops: Crop[];
}

export function CropPicker() {
  const draft = reportDraft();
  const [chosen, setChosen] = useState(draft.value.value.crop);
  const [searching, setSearching] = useState(false);
  const [wanted, setWanted] = useState('');
  const groups = found(wanted);

  const take = (name: string) => {
    if (name) {
      const changed = name !== draft.value.value.crop;
      draft.update({
        crop: name,
        industry: cropNamed(name)?.industry ?? '',
        ...(changed ? { part: '' } : {}),
      });
    }
    // Without the pictures a demand can still be reported; the county sorts it in.
    else if (!programme.value) draft.update({ industry: ANY_INDUSTRY });
    back('/report');
  };

  return (
    <Frame
      top={
        <BackHead
          title={t('crop.title')}
          to="/report"
          end={
            <button class="iconbtn" aria-label={t('crop.search')} onClick={() => setSearching(!searching)}>
              <Icon name="search" />
            </button>
          }
        />
      }
      dock={
        <div class="dock">
          <button class="btn btn--main" onClick={() => take(chosen)}>
            {chosen ? t('crop.take', { crop: chosen }) : t(programme.value ? 'crop.none' : 'crop.go_on')}
          </button>
        </div>
      }
    >
      {searching ? (
        <div class="crop-row">
          <Field
            name={t('crop.search')}
            value={wanted}
            onInput={setWanted}
            placeholder={t('crop.search_hint')}
          />
        </div>
      ) : null}
      {programme.value === null ? (
        <Empty title={t('crop.not_here')}>{t('crop.not_here_hint')}</Empty>
      ) : groups.length === 0 ? (
        <Empty title={t('crop.nothing')}>{t('crop.nothing_hint')}</Empty>
      ) : null}
      {groups.map((group) => (
        <fieldset class="pickset" key={group.name}>
          <legend>{group.name}</legend>
          <div class="pick">
            {group.crops.map((crop) => (
              <label key={crop.name}>
                <input
                  type="radio"
                  name="crop"
                  checked={chosen === crop.name}
                  onChange={() => setChosen(crop.name)}
                  onDblClick={() => take(crop.name)}
                />
                <span>
                  <CropPicture icon={crop.icon} />
                  {crop.name}
                </span>
              </label>
            ))}
          </div>
        </fieldset>
      ))}
    </Frame>
  );
}

function found(wanted: string): Group[] {
  const industries = programme.value?.industries ?? [];
  const text = wanted.trim();
  if (text) {
    const match = (crop: Crop) => [crop.name, ...crop.aliases].some((name) => name.includes(text));
    return industries
      .map((each) => ({ name: each.name, crops: each.crops.filter(match) }))
      .filter((each) => each.crops.length > 0);
  }
  const frequent = frequentCrops()
    .flatMap((name) => cropNamed(name) ?? [])
    .slice(0, 3);
  const names = new Set(frequent.map((each) => each.name));
  const first = frequent.length ? [{ name: t('crop.frequent'), crops: frequent as Crop[] }] : [];
  const rest = industries
    .map((each) => ({ name: each.name, crops: each.crops.filter((crop) => !names.has(crop.name)) }))
    .filter((each) => each.crops.length > 0);
  return [...first, ...rest];
}
